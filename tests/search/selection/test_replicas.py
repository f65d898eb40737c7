"""Replicas under selection, held against the memory rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import placement_fits
from alpaplan.search.selection.replicas import ReplicaSelection
from tests import builders as make
from tests.builders import GB


def uneven() -> PlacementProblem:
    """Return models of which some are too slow or too large for some groups."""
    profiles = [
        make.profile("small", 0.1, 2 * GB, activation_bytes=GB),
        make.profile("large", 0.2, 14 * GB, activation_bytes=2 * GB),
        make.profile("slow", 2.0, 3 * GB),
        make.profile("narrow", 0.1, 5 * GB, shapes=[(1, 1), (1, 4)]),
    ]
    names = ("small", "large", "slow", "narrow", "small", "small", "large")
    return make.problem([make.model(f"m{i}", name) for i, name in enumerate(names)], profiles)


PROBLEM = uneven()


def addable(problem: PlacementProblem, shapes: list[int], selection: ReplicaSelection) -> list[int]:
    """Return what may be added by trying each replica alone, as cells of ``[G, M]``."""
    servable = servable_replicas(problem)
    cells = []
    for cell in range(selection.replicas.size):
        group, model = divmod(cell, problem.num_models)
        larger = selection.replicas.copy()
        larger.flat[cell] = True
        if (
            not selection.replicas[group, model]
            and servable[shapes[group], model]
            and placement_fits(problem, Placement(np.array(shapes), larger))
        ):
            cells.append(cell)
    return cells


@pytest.mark.slow
@settings(max_examples=60)
@given(data=st.data(), shapes=st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_what_may_be_added_keeps_the_memory_rule(data: st.DataObject, shapes: list[int]) -> None:
    selection = ReplicaSelection(PROBLEM, shapes)
    while (cells := np.flatnonzero(selection.addable)).size:
        assert cells.tolist() == addable(PROBLEM, shapes, selection)
        group, model = divmod(int(data.draw(st.sampled_from(cells.tolist()))), PROBLEM.num_models)
        selection.add(group, model)
        assert selection.replicas[group, model]
        assert placement_fits(PROBLEM, selection.placement())
    assert addable(PROBLEM, shapes, selection) == []


@pytest.mark.parametrize("seed", range(3))
def test_groups_take_only_what_they_are_meant_for(seed: int) -> None:
    rng = np.random.default_rng(seed)
    eligible = rng.random((2, PROBLEM.num_models)) < 0.5
    shapes = [3, 0]
    selection = ReplicaSelection(PROBLEM, shapes, eligible)
    everything = ReplicaSelection(PROBLEM, shapes)
    np.testing.assert_array_equal(selection.addable, everything.addable & eligible)
    while selection.addable.any():
        selection.add(*map(int, rng.choice(np.argwhere(selection.addable))))
    assert selection.replicas.any()
    assert not (selection.replicas & ~eligible).any()


def test_a_copy_and_a_placement_go_their_own_ways() -> None:
    selection = ReplicaSelection(PROBLEM, [3, 0])
    selection.add(0, 0)
    twin, placement = selection.copy(), selection.placement()
    before = selection.addable.copy()
    twin.add(0, 1)
    twin.add(1, 4)
    twin.add(1, 5)
    assert selection.replicas.sum() == 1
    np.testing.assert_array_equal(selection.addable, before)
    selection.add(1, 3)
    assert twin.replicas.sum() == 4
    assert not twin.replicas[1, 3]
    # Each knows how much memory its own replicas take.
    for own in (selection, twin):
        assert np.flatnonzero(own.addable).tolist() == addable(PROBLEM, [3, 0], own)
    assert placement.replicas.sum() == 1
    assert placement.shapes.tolist() == [3, 0]
