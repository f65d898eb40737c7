"""Time of every move of the local improvement, proposed and evaluated, and of raced changes.

Run with ``pytest tests/benchmarks/bench_moves.py``. The problem is AlpaServe's S3 as shipped: 60
models of six types on 32 devices, at the placement that quick selection gives four groups of
eight, with some 40,000 arrivals. `extra_info` has the part of the proposals that changed anything
and the part of the arrivals that were simulated again.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.planning.inputs import load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.plan import draw_arrivals
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Candidate
from alpaplan.search.incremental import IncrementalEvaluator
from alpaplan.search.moves import MOVES
from alpaplan.search.moves.proposer import Proposer
from alpaplan.search.moves.state import MoveState, needs_of
from alpaplan.search.partition import pool_partitions
from alpaplan.search.raced_walk import RacedWalk
from alpaplan.search.selection.quick import select_quickly
from alpaplan.search.space import SearchSpace
from alpaplan.simulator import Simulator
from tests.conftest import REPOSITORY
from tests.search.kernels.problems import only

PROPOSALS = 200


@pytest.fixture(scope="module")
def state() -> tuple[MoveState, Simulator]:
    """Return where the moves start."""
    folder = REPOSITORY / "examples" / "alpaserve-s3"
    inputs = load_inputs(InputPaths(folder / "cluster.yaml", folder / "workload.yaml"))
    arrivals = draw_arrivals(inputs, np.random.default_rng(0))
    problem, simulator = inputs.problem, Simulator(inputs.problem, arrivals.screening)
    partition = next(p for p in pool_partitions(problem, 0) if p.label == "4 x (1, 8)")
    space = SearchSpace(problem, simulator, simulator)
    start = select_quickly(Attempt(space, Budget(), np.random.default_rng(0)), partition)
    return MoveState.of(problem, start.placement, start.evaluation), simulator


@pytest.mark.parametrize("move", MOVES)
def test_move(benchmark: BenchmarkFixture, move: str, state: tuple[MoveState, Simulator]) -> None:
    start, simulator = state
    needs = needs_of(start.problem, start.placement, start.evaluation, has_room=False)
    changed = simulated = 0

    def propose_and_evaluate() -> None:
        nonlocal changed, simulated
        rng = np.random.default_rng(1)
        evaluator = IncrementalEvaluator(start.problem, simulator)
        proposer = Proposer(start.problem, start.placement, rng, only(move))
        for _ in range(PROPOSALS):
            _, change = proposer.propose(start, needs)
            if change is not None:
                after = change.applied_to(start.placement)
                _, num = evaluator.evaluate(start.placement, start.evaluation, change, after)
                changed += 1
                simulated += num

    benchmark.pedantic(propose_and_evaluate, rounds=3)  # type: ignore[no-untyped-call]
    benchmark.extra_info["changed"] = changed / (3 * PROPOSALS)
    if changed:
        total = simulator.trace.num_requests
        benchmark.extra_info["simulated_again"] = simulated / changed / total


def test_raced_changes(benchmark: BenchmarkFixture, state: tuple[MoveState, Simulator]) -> None:
    start, simulator = state
    space = SearchSpace(start.problem, simulator, simulator)
    begin = Candidate.of("quick", "", space.score(start.placement), 1)
    simulated, work = 0, 0

    def race() -> None:
        nonlocal simulated, work
        attempt = Attempt(space, Budget(max_evaluations=10 * PROPOSALS), np.random.default_rng(1))
        walk = RacedWalk(attempt, begin)
        while not attempt.exhausted():
            walk.step(0.0, PROPOSALS)
        simulated += walk.num_simulated
        work += attempt.used.work

    benchmark.pedantic(race, rounds=3, warmup_rounds=1)  # type: ignore[no-untyped-call]
    benchmark.extra_info["work_of_each"] = work / simulated
    benchmark.extra_info["of_whole"] = work / simulated / simulator.trace.num_requests
