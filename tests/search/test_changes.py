"""Changes of placements: what engines have of their own stays with the groups that stay."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory import keep_what_fits, placement_fits
from alpaplan.search.incremental import Change
from tests import builders as make
from tests.builders import GB

LONG, SHORT = 0, 1


@pytest.fixture
def engines() -> PlacementProblem:
    """Return two LLMs: half of what they leave of a device holds the context of one alone."""
    models = [make.llm_model("long", max_context_tokens=9_000), make.llm_model("short")]
    one_device = make.pool(devices_per_node=3, memory=16 * GB)
    profile = make.llm_profile(shapes=[(1, 1)], kv_bytes_per_token=600_000)
    return make.problem(models, [profile], make.cluster(one_device))


def test_only_groups_that_come_share_their_memory_equally(engines: PlacementProblem) -> None:
    both = np.ones((3, 2), dtype=np.bool_)
    listed = Placement(
        np.zeros(3, dtype=np.int64),
        both,
        kv_fraction=np.array([[0.8, 0.2], [0.9, 0.1], [0.85, 0.15]]),
        order=np.array([[1, 0], [1, 0], [0, 0]]),
    )
    assert placement_fits(engines, listed)
    new = Placement(np.zeros(1, dtype=np.int64), np.array([[True, False]]))
    changed = Change((1,), new).applied_to(listed)
    assert changed.kv_fraction is not None
    assert changed.kv_fraction.tolist() == [[0.8, 0.2], [0.0, 0.0], [0.85, 0.15]]
    assert changed.order is not None
    assert changed.order.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert placement_fits(engines, changed)


def test_a_group_that_comes_holds_what_fits_without_fractions(engines: PlacementProblem) -> None:
    # As they are listed both fit, with four fifths for the longer one; halves are too little.
    shape, both = np.zeros(1, dtype=np.int64), np.ones((1, 2), dtype=np.bool_)
    assert placement_fits(engines, Placement(shape, both, kv_fraction=np.array([[0.8, 0.2]])))
    assert not placement_fits(engines, Placement(shape, both))
    for wanted in ([LONG, SHORT], [SHORT, LONG]):
        assert keep_what_fits(engines, 0, np.array(wanted)).tolist() == wanted[:1]
