"""Proposed changes can be deployed, and placements after them are what changes say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import keep_what_fits, placement_fits
from alpaplan.search.incremental import Change
from alpaplan.search.kernels import propose, race
from alpaplan.search.kernels.arrays import COMING, GOING, KIND
from alpaplan.search.moves import MOVES
from alpaplan.search.packing import unpack_placement
from alpaplan.simulator.kernels.code_cache import CachedCode
from alpaplan.simulator.kernels.compiling import compiled
from tests import builders as make
from tests.search.kernels.problems import Bench, nowhere, only, problems
from tests.simulator.cases import COMPILED

KEEPS_DEVICES = ("split", "merge", "exchange", "separate")


def random_groups(problem: PlacementProblem, rng: np.random.Generator) -> Placement:
    """Return groups of any shapes, filled in random order."""
    shapes = rng.integers(len(problem.shapes), size=rng.integers(4))
    servable = servable_replicas(problem)
    replicas = np.zeros((shapes.size, problem.num_models), dtype=np.bool_)
    for group, shape in enumerate(shapes.tolist()):
        wanted = rng.permutation(np.flatnonzero(servable[shape]))
        replicas[group, keep_what_fits(problem, shape, wanted[: rng.integers(1, 7)])] = True
    return Placement(shapes.astype(np.int64), replicas)


def needs(problem: PlacementProblem) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return needs that all models share."""
    return np.arange(1.0, problem.num_models + 1)


def proposed(bench: Bench, num_models: int) -> Change | None:
    """Return the change that was written, if there is one."""
    going, coming = bench.change.counts[[GOING, COMING]].tolist()
    if not coming:
        return None
    added = Placement(
        bench.change.shape[:coming].copy(),
        bench.change.held.reshape(2, num_models)[:coming].astype(np.bool_),
    )
    return Change(tuple(bench.change.removed[:going].tolist()), added)


@pytest.mark.parametrize("move", MOVES)
@given(problem=problems(), seed=st.integers(0, 2**16))
@settings(max_examples=40)
def test_what_is_proposed_keeps_the_rules(move: str, problem: PlacementProblem, seed: int) -> None:
    before = random_groups(problem, np.random.default_rng(seed))
    servable = servable_replicas(problem)
    bench = Bench(problem, before, only(move), seed)
    for _ in range(5):
        used = int(bench.draws.used[0])
        propose.propose(bench.options, bench.groups, needs(problem), bench.change, bench.draws)
        most_draws = propose.DRAWS_OF_MODEL * problem.num_models + propose.OTHER_DRAWS
        assert bench.draws.used[0] - used < most_draws
        assert bench.change.counts[KIND] == MOVES[move][0]
        change = proposed(bench, problem.num_models)
        if change is None:
            continue
        after = change.applied_to(before)
        assert placement_fits(problem, after)
        new = slice(min(change.removed), min(change.removed) + change.added.num_groups)
        assert not (after.replicas[new] & ~servable[after.shapes[new]]).any()
        if move in KEEPS_DEVICES:
            taken = (
                sum(problem.shapes[shape].num_devices for shape in placement.shapes.tolist())
                for placement in (before, after)
            )
            assert len(set(taken)) == 1
        propose.apply_change(problem.num_models, bench.groups, bench.change, bench.after)
        written = unpack_placement(bench.after, problem.num_models)
        assert written.key() == after.key()


@given(problems(), st.integers(0, 2**16))
@settings(max_examples=40)
def test_compiled_and_plain_code_propose_the_same(problem: PlacementProblem, seed: int) -> None:
    before = random_groups(problem, np.random.default_rng(seed))
    benches = [Bench(problem, before, seed=seed) for _ in range(2)]
    for _ in range(8):
        found = []
        for bench, run in zip(benches, (propose.propose, compiled(propose.propose)), strict=True):
            run(bench.options, bench.groups, needs(problem), bench.change, bench.draws)
            change = proposed(bench, problem.num_models)
            what = None if change is None else (change.removed, change.added.key())
            found.append((int(bench.change.counts[KIND]), int(bench.draws.used[0]), what))
        assert found[0] == found[1]


def test_moves_are_drawn_by_their_shares() -> None:
    problem = make.problem()
    bench = Bench(problem, nowhere(problem))
    drawn = np.zeros(len(MOVES))
    for _ in range(8_000):
        propose.propose(bench.options, bench.groups, needs(problem), bench.change, bench.draws)
        drawn[bench.change.counts[KIND]] += 1 / 8_000
    np.testing.assert_allclose(drawn, [share for _, share in MOVES.values()], atol=0.02)


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="numba is switched off")
@pytest.mark.parametrize("loop", [propose.propose, race.find_change])
def test_the_code_of_the_loops_can_be_cached(loop: Any) -> None:
    compiled(loop)
    assert CachedCode(loop).read() is not None
