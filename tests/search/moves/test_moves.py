"""Every move keeps the rules; each does what its name says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import placement_fits
from alpaplan.search.moves import MOVES, Move, MoveState
from alpaplan.search.moves.groups import exchange, merge, reshape, split
from alpaplan.search.moves.replicas import add, drop, relocate, swap
from alpaplan.search.moves.state import Choices
from alpaplan.simulator import Simulator

Draw = Callable[[np.random.Generator], Placement]


@pytest.fixture(scope="module")
def choices(problem: PlacementProblem) -> Choices:
    """Return what the moves may choose from."""
    return Choices.of(problem)


def state_of(choices: Choices, simulator: Simulator, placement: Placement) -> MoveState:
    """Return the state of a placement."""
    return MoveState(choices, placement, simulator.evaluate(placement))


def sizes(problem: PlacementProblem, placement: Placement) -> list[int]:
    """Return the groups' numbers of devices, sorted."""
    return sorted(problem.shapes[h].num_devices for h in placement.shapes)


@pytest.mark.parametrize("move", [move for move, _ in MOVES], ids=lambda move: str(move.__name__))
def test_whatever_a_move_proposes_can_be_deployed(
    move: Move,
    problem: PlacementProblem,
    simulator: Simulator,
    choices: Choices,
    random_placement: Draw,
) -> None:
    rng = np.random.default_rng(3)
    servable = servable_replicas(problem)
    proposed = 0
    for _ in range(120):
        state = state_of(choices, simulator, random_placement(rng))
        change = move(state, rng)
        if change is None:
            continue
        proposed += 1
        after = change.applied_to(state.placement)
        assert placement_fits(problem, after)
        assert assign_devices(problem, after.shapes.tolist()) is not None
        new = slice(min(change.removed), min(change.removed) + len(change.added.shapes))
        assert not (after.replicas[new] & ~servable[after.shapes[new]]).any()
    assert proposed > 10


def test_add_puts_one_model_on_a_group_that_lacked_it(
    simulator: Simulator, choices: Choices, random_placement: Draw
) -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        state = state_of(choices, simulator, random_placement(rng))
        change = add(state, rng)
        if change is not None:
            before = state.placement.replicas[change.removed[0]]
            assert (change.added.replicas[0] & ~before).sum() == 1


def test_needier_models_are_added_more_often(
    problem: PlacementProblem, simulator: Simulator, choices: Choices
) -> None:
    rng = np.random.default_rng(4)
    nothing = Placement(np.array([0]), np.zeros((1, problem.num_models), dtype=np.bool_))
    state = state_of(choices, simulator, nothing)
    drawn = np.bincount([state.needy_model(rng) for _ in range(4000)], minlength=10) / 4000
    requests = simulator.trace.requests_per_model()
    np.testing.assert_allclose(drawn, requests / requests.sum(), atol=0.03)


def test_drop_takes_one_replica(
    simulator: Simulator, choices: Choices, random_placement: Draw
) -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        state = state_of(choices, simulator, random_placement(rng))
        change = drop(state, rng)
        if change is not None:
            after = change.applied_to(state.placement)
            assert after.replicas.sum() == state.placement.replicas.sum() - 1


def test_relocate_and_swap_keep_shapes_and_bring_models_over(
    simulator: Simulator, choices: Choices, random_placement: Draw
) -> None:
    rng = np.random.default_rng(4)
    for move, num_new in ((relocate, (0, 1)), (swap, (1, 1))):
        for _ in range(50):
            state = state_of(choices, simulator, random_placement(rng))
            change = move(state, rng)
            if change is None:
                continue
            before = state.placement.replicas[list(change.removed)]
            assert tuple(change.added.shapes) == tuple(state.placement.shapes[list(change.removed)])
            assert tuple((change.added.replicas & ~before).sum(axis=1)) == num_new


def test_reshape_keeps_pool_and_size(
    problem: PlacementProblem, simulator: Simulator, choices: Choices, random_placement: Draw
) -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        state = state_of(choices, simulator, random_placement(rng))
        change = reshape(state, rng)
        if change is not None:
            (group,), (shape,) = change.removed, change.added.shapes
            old, new = problem.shapes[state.placement.shapes[group]], problem.shapes[shape]
            assert (old.pool, old.num_devices) == (new.pool, new.num_devices)
            assert old != new


@pytest.mark.parametrize(("move", "more"), [(split, 1), (merge, -1), (exchange, 0)])
def test_split_merge_and_exchange_keep_the_devices(
    move: Move,
    more: int,
    problem: PlacementProblem,
    simulator: Simulator,
    choices: Choices,
    random_placement: Draw,
) -> None:
    rng = np.random.default_rng(4)
    for _ in range(80):
        state = state_of(choices, simulator, random_placement(rng))
        change = move(state, rng)
        if change is not None:
            after = change.applied_to(state.placement)
            assert after.num_groups == state.placement.num_groups + more
            before = sizes(problem, state.placement)
            assert sum(sizes(problem, after)) == sum(before)
            if move is exchange:
                giver, shape = change.removed[0], change.added.shapes[0]
                assert problem.shapes[shape].num_devices < state.size_of(giver)
            else:
                assert sizes(problem, after) != before


def test_moves_give_up_where_there_is_nothing_to_change(
    problem: PlacementProblem, simulator: Simulator, choices: Choices
) -> None:
    rng = np.random.default_rng(4)
    nothing = Placement(
        np.zeros(0, dtype=np.int64), np.zeros((0, problem.num_models), dtype=np.bool_)
    )
    state = state_of(choices, simulator, nothing)
    assert [move(state, rng) for move, _ in MOVES] == [None] * len(MOVES)


def test_shares_add_up_to_one() -> None:
    assert sum(share for _, share in MOVES) == pytest.approx(1)
