"""Incremental evaluation is exact: every number is that of a full simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search import incremental
from alpaplan.search.incremental import Change, IncrementalEvaluator
from alpaplan.search.moves import MOVES
from alpaplan.search.moves.proposer import Proposer
from alpaplan.search.moves.state import MoveState, needs_of
from alpaplan.simulator import Evaluation, Simulator

Draw = Callable[[np.random.Generator], Placement]


def assert_same(found: Evaluation, expected: Evaluation) -> None:
    """Compare all numbers to the last bit."""
    for item in fields(Evaluation):
        np.testing.assert_array_equal(
            getattr(found, item.name), getattr(expected, item.name), err_msg=item.name
        )


def test_a_walk_of_changes_is_evaluated_as_full_simulations_would(
    problem: PlacementProblem, simulator: Simulator, random_placement: Draw
) -> None:
    rng = np.random.default_rng(1)
    partial = 0
    for _ in range(8):
        placement = random_placement(rng)
        state = MoveState.of(problem, placement, simulator.evaluate(placement))
        proposer = Proposer(problem, placement, rng, [1 / len(MOVES)] * len(MOVES))
        evaluator = IncrementalEvaluator(problem, simulator)
        for _ in range(60):
            needs = needs_of(problem, state.placement, state.evaluation, has_room=False)
            _, change = proposer.propose(state, needs)
            if change is None:
                continue
            after = change.applied_to(state.placement)
            found, num_requests = evaluator.evaluate(
                state.placement, state.evaluation, change, after
            )
            partial += num_requests < simulator.trace.num_requests
            assert_same(found, simulator.evaluate(after))
            state = state.at(after, found)
    assert partial > 20


def test_only_linked_groups_are_simulated_again(
    problem: PlacementProblem, simulator: Simulator
) -> None:
    replicas = np.zeros((4, problem.num_models), dtype=np.bool_)
    replicas[0, [0, 3]] = replicas[1, [3]] = replicas[2, [1]] = replicas[3, [2]] = True
    shape = next(h for h, s in enumerate(problem.shapes) if s.num_devices == 1)
    placement = Placement(np.full(4, shape), replicas)
    row = np.zeros((1, problem.num_models), dtype=np.bool_)
    row[0, 6] = True
    evaluator = IncrementalEvaluator(problem, simulator)
    change = Change((1,), Placement(np.array([shape]), row))
    _, num_requests = evaluator.evaluate(
        placement, simulator.evaluate(placement), change, change.applied_to(placement)
    )
    requests = simulator.trace.requests_per_model()
    assert num_requests == requests[[0, 3, 6]].sum()


def test_new_groups_take_the_place_of_the_first_that_goes(problem: PlacementProblem) -> None:
    replicas = np.eye(4, problem.num_models, dtype=np.bool_)
    placement = Placement(np.array([0, 1, 2, 3]), replicas)
    rows = np.zeros((2, problem.num_models), dtype=np.bool_)
    after = Change((3, 1), Placement(np.array([4, 5]), rows)).applied_to(placement)
    assert after.shapes.tolist() == [0, 4, 5, 2]
    assert after.replicas.any(axis=1).tolist() == [True, False, False, True]


def test_old_traces_are_forgotten(
    problem: PlacementProblem, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incremental, "MAX_CACHED_TRACES", 2)
    evaluator = IncrementalEvaluator(problem, simulator)
    shape = next(h for h, s in enumerate(problem.shapes) if s.num_devices == 1)
    replicas = np.eye(3, problem.num_models, dtype=np.bool_)
    placement = Placement(np.full(3, shape), replicas)
    known = simulator.evaluate(placement)
    for group in (0, 1, 2, 0, 2):
        empty = Placement(np.array([shape]), np.zeros((1, problem.num_models), dtype=np.bool_))
        change = Change((group,), empty)
        after = change.applied_to(placement)
        found, _ = evaluator.evaluate(placement, known, change, after)
        assert_same(found, simulator.evaluate(after))
