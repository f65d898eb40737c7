"""The move of caps, and caps under the other moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory import placement_fits
from alpaplan.problem.service import batch_caps
from alpaplan.search.caps import with_room
from alpaplan.search.incremental import Change
from alpaplan.search.moves import MOVES, RECAP, RECAP_SHARE, names_of_moves
from alpaplan.search.moves.caps import recap
from alpaplan.search.moves.proposer import Proposer
from alpaplan.search.moves.state import MoveState, needs_of
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB
from tests.search.kernels.problems import only

Draw = Callable[[np.random.Generator], Placement]


@pytest.fixture
def draw_state(
    batching: PlacementProblem, batching_simulator: Simulator, random_placement: Draw
) -> Callable[[np.random.Generator], MoveState]:
    """Return a function that draws a state with random caps."""

    def draw(rng: np.random.Generator) -> MoveState:
        placement = random_placement(rng)
        caps = rng.integers(1, 5, placement.replicas.shape)
        limited = with_room(batching, placement, caps)
        return MoveState.of(batching, limited, batching_simulator.evaluate(limited))

    return draw


DrawState = Callable[[np.random.Generator], MoveState]


def proposer_for(
    state: MoveState, rng: np.random.Generator, shares: list[float] | None = None
) -> Proposer:
    """Return what proposes changes for a problem."""
    return Proposer(state.problem, state.placement, rng, shares)


def proposed(proposer: Proposer, state: MoveState) -> tuple[int, Change | None]:
    """Return what is proposed in a state."""
    needs = needs_of(state.problem, state.placement, state.evaluation, has_room=False)
    return proposer.propose(state, needs)


def test_caps_move_only_where_there_is_batching(
    problem: PlacementProblem,
    batching: PlacementProblem,
    simulator: Simulator,
    random_placement: Draw,
) -> None:
    assert names_of_moves(problem) == list(MOVES)
    assert names_of_moves(batching) == [*MOVES, "recap"]
    assert len(MOVES) == RECAP
    rng = np.random.default_rng(0)
    placement = random_placement(rng)
    state = MoveState.of(problem, placement, simulator.evaluate(placement))
    assert recap(state, rng) is None


@pytest.mark.slow
def test_every_move_keeps_the_memory_rule_with_caps(
    batching: PlacementProblem, draw_state: DrawState
) -> None:
    rng = np.random.default_rng(1)
    counts = np.zeros(len(MOVES) + 1)
    for move in MOVES:
        proposer = proposer_for(draw_state(rng), rng, only(move))
        for _ in range(200):
            state = draw_state(rng)
            kind, change = proposed(proposer, state)
            assert kind in (MOVES[move][0], RECAP)
            if change is not None:
                counts[kind] += 1
                assert placement_fits(batching, change.applied_to(state.placement))
    assert (counts > 5).all()


def test_caps_change_as_often_as_they_should(draw_state: DrawState) -> None:
    rng = np.random.default_rng(1)
    state = draw_state(rng)
    proposer = proposer_for(state, rng)
    kinds = [proposed(proposer, state)[0] for _ in range(400)]
    assert kinds.count(RECAP) / len(kinds) == pytest.approx(RECAP_SHARE, abs=0.07)


def test_caps_go_up_and_down_on_one_replica_its_model_or_its_group(
    batching: PlacementProblem, draw_state: DrawState
) -> None:
    rng = np.random.default_rng(2)
    seen = set()
    for _ in range(300):
        state = draw_state(rng)
        change = recap(state, rng)
        if change is None:
            continue
        before = state.caps[list(change.removed)]
        after = batch_caps(batching, change.added)
        assert change.added.shapes.tolist() == state.placement.shapes[list(change.removed)].tolist()
        assert not (change.added.replicas & (before == 0)).any()
        rose, fell = after > before, (after < before) & (after > 0)
        assert rose.any() or fell.any() or (after == 0)[before > 0].any()
        if not rose.any():
            changed = fell
            assert ((before - after)[after > 0] <= 2).all()
        else:
            changed = rose
        groups, models = np.nonzero(changed)
        if groups.size > 1 and len(set(groups.tolist())) == 1:
            seen.add("group")
        if groups.size > 1 and len(set(models.tolist())) == 1:
            seen.add("model")
        if groups.size == 1:
            seen.add("up" if rose.any() else "down")
    assert seen == {"group", "model", "up", "down"}


def full_group(caps: list[int], memory_gb: int) -> MoveState:
    """Return three models of 2 GB, and 1 GB for each request, on a group of one device."""
    profiles = [make.profile(weight_bytes=2 * GB, activation_bytes=GB, batch_sizes=(1, 4))]
    models = [make.model(f"m{i}") for i in range(3)]
    pool = make.pool(devices_per_node=2, memory=memory_gb * GB)
    problem = make.problem(models, profiles, make.cluster(pool, max_batch_size=4))
    shape = next(h for h, s in enumerate(problem.shapes) if s.num_devices == 1)
    row = np.array([caps])
    everything = Placement(np.array([shape]), row > 0)
    placement = with_room(problem, everything, row)
    nothing = Trace(np.zeros(1), np.zeros(1, dtype=np.int32), problem.model_names, 1.0)
    return MoveState.of(problem, placement, Simulator(problem, nothing).evaluate(placement))


def test_replicas_leave_where_larger_batches_need_their_memory() -> None:
    state = full_group([1, 1, 1], memory_gb=7)
    rng = np.random.default_rng(3)
    changes = [recap(state, rng) for _ in range(200)]
    kept = {int(change.added.replicas.sum()) for change in changes if change is not None}
    assert kept == {2}  # 4 GB of weights leave three for batches
    for change in changes:
        if change is not None:
            assert batch_caps(state.problem, change.added).max() == 2


def test_a_replica_that_comes_lowers_the_caps_of_those_that_are_there() -> None:
    state = full_group([4, 3, 0], memory_gb=8)
    assert state.caps.tolist() == [[4, 3, 0]]
    rng = np.random.default_rng(4)
    proposer = proposer_for(state, rng, only("add"))
    found = [proposed(proposer, state) for _ in range(70)]
    changes = [change for kind, change in found if kind != RECAP and change is not None]
    assert changes
    for change in changes:
        (caps,) = batch_caps(state.problem, change.added).tolist()
        assert caps[:2] == [2, 2]
        assert 1 <= caps[2] <= 2


def test_caps_stay_when_other_replicas_move(
    batching: PlacementProblem, draw_state: DrawState
) -> None:
    rng = np.random.default_rng(5)
    ample = replace(
        batching, pools=tuple(replace(p, usable_memory_bytes=1000 * GB) for p in batching.pools)
    )
    for move in ("drop", "swap"):
        proposer: Proposer | None = None
        for _ in range(60):
            drawn = draw_state(rng)
            state = MoveState.of(ample, drawn.placement, drawn.evaluation)
            proposer = proposer or proposer_for(state, rng, only(move))
            kind, change = proposed(proposer, state)
            if change is None or kind == RECAP:
                continue
            after = batch_caps(ample, change.added)
            for place, group in enumerate(change.removed):
                stayed = change.added.replicas[place] & state.placement.replicas[group]
                assert after[place][stayed].tolist() == state.caps[group][stayed].tolist()
            if move == "swap":
                first, second = change.removed
                came = change.added.replicas[0] & ~state.placement.replicas[first]
                assert after[0][came].tolist() == state.caps[second][came].tolist()
