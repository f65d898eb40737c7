"""Time of every move of the local improvement, proposal and incremental evaluation together.

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
from alpaplan.search.incremental import IncrementalEvaluator
from alpaplan.search.moves import MOVES, Move, MoveState
from alpaplan.search.moves.state import Choices
from alpaplan.search.partition import pool_partitions
from alpaplan.search.selection.quick import select_quickly
from alpaplan.search.space import SearchSpace
from alpaplan.simulator import Simulator
from tests.conftest import REPOSITORY

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
    return MoveState(Choices.of(problem), start.placement, start.evaluation), simulator


@pytest.mark.parametrize("move", [move for move, _ in MOVES], ids=lambda move: str(move.__name__))
def test_move(benchmark: BenchmarkFixture, move: Move, state: tuple[MoveState, Simulator]) -> None:
    start, simulator = state
    changed = simulated = 0

    def propose_and_evaluate() -> None:
        nonlocal changed, simulated
        rng = np.random.default_rng(1)
        evaluator = IncrementalEvaluator(start.choices.problem, simulator)
        for _ in range(PROPOSALS):
            change = move(start, rng)
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
