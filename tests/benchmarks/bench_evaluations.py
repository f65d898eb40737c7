"""Candidate placements evaluated in a second, on plan-02 with 30,000 arrivals.

Run with ``pytest tests/benchmarks/bench_evaluations.py``. Goal on 2 cores: 4,500 a second, where
AlpaServe's planner does about 450. Whole evaluations are of random candidates like those that
greedy selection goes through: equal groups of any shape, filled with some replicas. The
search is timed with all that it does between evaluations, and with all that it saves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import draw_arrivals
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory import fits
from alpaplan.search.planner import PlanResult, solve
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import expected_rate_rps, sample_trace
from tests.benchmarks.planning import QUALITY_CASES, load_folder

NUM_ARRIVALS = 30_000
NUM_CANDIDATES = 500
ATTEMPTS = 20
ROUNDS = 9


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    folder = QUALITY_CASES / "plan-02"
    if not folder.is_dir():
        pytest.skip(f"no cases beside the repository: {folder} is absent")
    return load_folder(folder)


@pytest.fixture(scope="module")
def simulator(inputs: Inputs) -> Simulator:
    duration_s = NUM_ARRIVALS / float(expected_rate_rps(inputs.workload.models).sum())
    rng = np.random.default_rng(0)
    trace = sample_trace(inputs.workload.models, 1.2 * duration_s, rng, cold_start=True)
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


def report(benchmark: BenchmarkFixture, num_evaluations: int) -> None:
    assert benchmark.stats is not None
    times = benchmark.stats.stats
    for name, run_s in (("best", times.min), ("median", times.median)):
        benchmark.extra_info[f"evaluations_per_s_{name}"] = round(num_evaluations / run_s)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")  # noqa: T201


@pytest.mark.parametrize("threads", [1, 2])
def test_whole_evaluations(
    benchmark: BenchmarkFixture, simulator: Simulator, candidates: list[Placement], threads: int
) -> None:
    # Attempts of a search evaluate many placements each, so they do not queue one by one.
    attempts = [candidates[first::ATTEMPTS] for first in range(ATTEMPTS)]

    def attempt(placements: list[Placement]) -> None:
        for placement in placements:
            simulator.evaluate(placement)

    with ThreadPoolExecutor(threads) as executor:
        benchmark.pedantic(  # type: ignore[no-untyped-call]
            lambda: list(executor.map(attempt, attempts)),
            rounds=ROUNDS,
            warmup_rounds=1,
        )
    num_replicas = [int(placement.replicas.sum()) for placement in candidates]
    benchmark.extra_info["mean_replicas"] = round(sum(num_replicas) / len(candidates), 1)
    report(benchmark, len(candidates))


@pytest.mark.parametrize("method", ["auto", "greedy"])
@pytest.mark.parametrize("threads", [1, 2])
def test_search(
    benchmark: BenchmarkFixture, inputs: Inputs, simulator: Simulator, threads: int, method: str
) -> None:
    arrivals = draw_arrivals(inputs, np.random.default_rng(0))
    arrivals = replace(arrivals, training=simulator.trace)

    def search() -> PlanResult:
        rng = np.random.default_rng(0)
        return solve(simulator.problem, arrivals, method, rng=rng, jobs=threads)

    result = benchmark.pedantic(search, rounds=1)  # type: ignore[no-untyped-call]
    report(benchmark, result.num_evaluations)
