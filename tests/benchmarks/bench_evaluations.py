"""Candidate placements evaluated in a second, on plan-02 with 30,000 arrivals.

Run with ``pytest tests/benchmarks/bench_evaluations.py``. Goal on 2 cores: 4,500 a second, where
AlpaServe's planner does about 450. Candidates are what greedy selection goes through: equal
groups of any shape, filled with some replicas in random order.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory import fits
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import expected_rate_rps, sample_trace
from tests.benchmarks.planning import QUALITY_CASES, load_folder

NUM_ARRIVALS = 30_000
NUM_CANDIDATES = 500
ROUNDS = 5


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    folder = QUALITY_CASES / "plan-02"
    if not folder.is_dir():
        pytest.skip(f"no cases beside the repository: {folder} is absent")
    inputs = load_folder(folder)
    duration_s = NUM_ARRIVALS / float(expected_rate_rps(inputs.models).sum())
    rng = np.random.default_rng(0)
    trace = sample_trace(inputs.models, 1.2 * duration_s, rng, cold_start=True)
    end_s = float(trace.arrival_s[NUM_ARRIVALS])
    return Simulator(inputs.problem, trace.window(0.0, end_s))


@pytest.fixture(scope="module")
def candidates(simulator: Simulator) -> list[Placement]:
    rng = np.random.default_rng(1)
    return [random_candidate(simulator.problem, rng) for _ in range(NUM_CANDIDATES)]


def random_candidate(problem: PlacementProblem, rng: np.random.Generator) -> Placement:
    """Fill equal groups, in random order, to somewhere between empty and full."""
    shape = int(rng.integers(len(problem.shapes)))
    pool = problem.pools[problem.shapes[shape].pool]
    num_groups = pool.num_devices // problem.shapes[shape].num_devices
    counts = np.zeros((num_groups, len(problem.profile_names)), dtype=np.int64)
    added = []
    for index in rng.permutation(num_groups * problem.num_models):
        group, model = divmod(int(index), problem.num_models)
        profile = problem.profile_of_model[model]
        counts[group, profile] += 1
        if fits(problem, shape, counts[group]):
            added.append((group, model))
        else:
            counts[group, profile] -= 1
    replicas = np.zeros((num_groups, problem.num_models), dtype=np.bool_)
    for group, model in added[: int(rng.integers(len(added) + 1))]:
        replicas[group, model] = True
    return Placement(np.full(num_groups, shape, dtype=np.int64), replicas)


def measure(
    benchmark: BenchmarkFixture, candidates: list[Placement], run: Callable[[], object]
) -> None:
    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert benchmark.stats is not None
    times = benchmark.stats.stats
    for name, run_s in (("best", times.min), ("median", times.median)):
        benchmark.extra_info[f"evaluations_per_s_{name}"] = round(len(candidates) / run_s)
    mean_replicas = np.mean([placement.replicas.sum() for placement in candidates])
    benchmark.extra_info["mean_replicas"] = round(float(mean_replicas), 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")  # noqa: T201


@pytest.mark.parametrize("threads", [1, 2])
def test_full_evaluations(
    benchmark: BenchmarkFixture, simulator: Simulator, candidates: list[Placement], threads: int
) -> None:
    with ThreadPoolExecutor(threads) as executor:
        measure(
            benchmark,
            candidates,
            lambda: list(executor.map(simulator.evaluate, candidates)),
        )
