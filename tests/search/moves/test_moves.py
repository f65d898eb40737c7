"""Every move keeps the rules; each does what its name says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import placement_fits
from alpaplan.search.incremental import Change
from alpaplan.search.moves import MOVES, names_of_moves, shares_of_moves
from alpaplan.search.moves.proposer import Proposer
from alpaplan.search.moves.state import MoveState, needs_of
from alpaplan.simulator import Simulator
from tests.search.kernels.problems import nowhere, only

Draw = Callable[[np.random.Generator], Placement]
DrawChanges = Callable[[str, int], Iterator[tuple[Placement, Change]]]


def proposed(
    proposer: Proposer, simulator: Simulator, placement: Placement
) -> tuple[int, Change | None]:
    """Return what is proposed for a placement."""
    evaluation = simulator.evaluate(placement)
    problem = simulator.problem
    needs = needs_of(problem, placement, evaluation, has_room=False)
    return proposer.propose(MoveState.of(problem, placement, evaluation), needs)


@pytest.fixture
def draw_changes(
    problem: PlacementProblem, simulator: Simulator, random_placement: Draw
) -> DrawChanges:
    """Return a function that yields random placements with changes by a move."""

    def draw(move: str, count: int) -> Iterator[tuple[Placement, Change]]:
        rng = np.random.default_rng(4)
        number, _ = MOVES[move]
        proposer = Proposer(problem, random_placement(rng), rng, only(move))
        for _ in range(count):
            placement = random_placement(rng)
            kind, change = proposed(proposer, simulator, placement)
            assert kind == number
            if change is not None:
                yield placement, change

    return draw


def sizes(problem: PlacementProblem, placement: Placement) -> list[int]:
    """Return the groups' numbers of devices, sorted."""
    return sorted(problem.shapes[h].num_devices for h in placement.shapes)


@pytest.mark.parametrize("move", MOVES)
def test_whatever_a_move_proposes_can_be_deployed(
    move: str, problem: PlacementProblem, draw_changes: DrawChanges
) -> None:
    servable = servable_replicas(problem)
    count = 0
    for placement, change in draw_changes(move, 300):
        count += 1
        after = change.applied_to(placement)
        assert placement_fits(problem, after)
        assert assign_devices(problem, after.shapes.tolist()) is not None
        new = slice(min(change.removed), min(change.removed) + len(change.added.shapes))
        assert not (after.replicas[new] & ~servable[after.shapes[new]]).any()
    assert count > 10


def test_add_puts_one_model_on_a_group_that_lacked_it(draw_changes: DrawChanges) -> None:
    for placement, change in draw_changes("add", 50):
        before = placement.replicas[change.removed[0]]
        assert (change.added.replicas[0] & ~before).sum() == 1


def test_needier_models_are_added_more_often(
    problem: PlacementProblem, simulator: Simulator
) -> None:
    servable = servable_replicas(problem)
    shape = int(servable.sum(axis=1).argmax())
    assert servable[shape].all()
    nothing = Placement(np.array([shape]), np.zeros((1, problem.num_models), dtype=np.bool_))
    proposer = Proposer(problem, nothing, np.random.default_rng(4), only("add"))
    drawn = np.zeros(problem.num_models)
    for _ in range(2000):
        _, change = proposed(proposer, simulator, nothing)
        assert change is not None
        drawn += change.added.replicas[0] / 2000
    requests = simulator.trace.requests_per_model()
    np.testing.assert_allclose(drawn, requests / requests.sum(), atol=0.04)


def test_models_that_miss_nothing_get_more_only_where_there_is_room(
    problem: PlacementProblem, simulator: Simulator, random_placement: Draw
) -> None:
    placement = random_placement(np.random.default_rng(4))
    evaluation = simulator.evaluate(placement)
    missed = (evaluation.requests - evaluation.attained) / evaluation.requests.sum()
    few = 1 / (1 + placement.replicas.sum(axis=0)) ** 2
    needs, with_room = (
        np.diff(needs_of(problem, placement, evaluation, has_room=has_room), prepend=0.0)
        for has_room in (False, True)
    )
    np.testing.assert_allclose(needs / needs.sum(), missed / missed.sum(), atol=1e-9)
    expected = missed / missed.sum() + few / few.sum()
    np.testing.assert_allclose(with_room, expected, atol=1e-9)
    assert (needs > 0).all()


def test_drop_takes_one_replica(draw_changes: DrawChanges) -> None:
    for placement, change in draw_changes("drop", 50):
        after = change.applied_to(placement)
        assert after.replicas.sum() == placement.replicas.sum() - 1


@pytest.mark.parametrize(("move", "num_new"), [("relocate", (0, 1)), ("swap", (1, 1))])
def test_relocate_and_swap_keep_shapes_and_bring_models_over(
    move: str, num_new: tuple[int, int], draw_changes: DrawChanges
) -> None:
    for placement, change in draw_changes(move, 50):
        before = placement.replicas[list(change.removed)]
        assert tuple(change.added.shapes) == tuple(placement.shapes[list(change.removed)])
        assert tuple((change.added.replicas & ~before).sum(axis=1)) == num_new


def test_reshape_keeps_pool_and_size(problem: PlacementProblem, draw_changes: DrawChanges) -> None:
    for placement, change in draw_changes("reshape", 50):
        (group,), (shape,) = change.removed, change.added.shapes
        old, new = problem.shapes[placement.shapes[group]], problem.shapes[shape]
        assert (old.pool, old.num_devices) == (new.pool, new.num_devices)
        assert old != new


@pytest.mark.parametrize(("move", "more"), [("split", 1), ("merge", -1), ("exchange", 0)])
def test_split_merge_and_exchange_keep_the_devices(
    move: str, more: int, problem: PlacementProblem, draw_changes: DrawChanges
) -> None:
    for placement, change in draw_changes(move, 200):
        after = change.applied_to(placement)
        assert after.num_groups == placement.num_groups + more
        before = sizes(problem, placement)
        assert sum(sizes(problem, after)) == sum(before)
        if move == "exchange":
            giver, shape = placement.shapes[change.removed[0]], change.added.shapes[0]
            assert problem.shapes[shape].num_devices < problem.shapes[giver].num_devices
        else:
            assert sizes(problem, after) != before


def test_separate_parts_the_models_of_two_groups_by_their_objectives(
    problem: PlacementProblem, draw_changes: DrawChanges
) -> None:
    apart = 0
    for placement, change in draw_changes("separate", 200):
        before = placement.replicas[list(change.removed)].any(axis=0)
        assert not (change.added.replicas & ~before).any()
        after = change.applied_to(placement)
        assert sizes(problem, after) == sizes(problem, placement)
        short, long = (problem.slo_s[replicas] for replicas in change.added.replicas)
        apart += bool(short.size and long.size and short.max() < long.min())
    assert apart > 10


@pytest.mark.parametrize("move", MOVES)
def test_moves_give_up_where_there_is_nothing_to_change(
    move: str, problem: PlacementProblem, simulator: Simulator
) -> None:
    nothing = nowhere(problem)
    proposer = Proposer(problem, nothing, np.random.default_rng(4), only(move))
    assert proposed(proposer, simulator, nothing) == (MOVES[move][0], None)


def test_shares_add_up_to_one_and_numbers_are_places(problem: PlacementProblem) -> None:
    assert sum(share for _, share in MOVES.values()) == pytest.approx(1)
    assert [number for number, _ in MOVES.values()] == list(range(len(MOVES)))
    assert shares_of_moves() == [share for _, share in MOVES.values()]
    assert names_of_moves(problem) == list(MOVES)
