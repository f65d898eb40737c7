"""The table of batching compares like with like."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import Placement
from alpaplan.problem.memory import placement_fits
from alpaplan.problem.service import batch_caps
from tests.benchmarks.batching import Row, batching_table, with_caps
from tests.benchmarks.batching_workloads import MIXES, batching_inputs


@pytest.mark.parametrize("mix", MIXES)
def test_mixes_batch_where_it_is_allowed(mix: str) -> None:
    problem = batching_inputs(MIXES[mix], 5.0, 16).problem
    assert problem.batches is not None
    assert problem.batches.largest.max() == 16
    assert batching_inputs(MIXES[mix], 5.0, 1).problem.batches is None
    shape = int(np.flatnonzero(problem.supported.all(axis=1))[-1])
    row = np.zeros((1, problem.num_models), dtype=np.bool_)
    row[0, :2] = True
    for cap in (1, 16):
        placement = with_caps(
            problem, Placement(np.array([shape]), row), np.full(problem.supported.shape, cap)
        )
        assert placement_fits(problem, placement)
        assert batch_caps(problem, placement)[0, :2].tolist() == [cap, cap]


def test_runs_are_compared_in_pairs() -> None:
    single = np.array([0.90, 0.80, 0.95])
    better = Row("small", 5.0, single, single - 0.1, single, single + 0.01)
    assert better.gain == pytest.approx((0.01, 0.0))
    assert not better.is_worse
    assert Row("small", 5.0, single, single, single, single - 0.01).is_worse
    noisy = np.array([0.87, 0.85, 0.90])
    assert not Row("small", 5.0, single, single, single, noisy).is_worse
    assert batching_table([better]).splitlines()[-1] == (
        "| small | 5 | 88.33% | 78.33% | 88.33% | 89.33% | +1.00 +- 0.00 |"
    )
