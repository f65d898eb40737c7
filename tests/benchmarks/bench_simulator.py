"""How many requests a second the simulator does, and what Python costs around the kernel.

Run with ``pytest tests/benchmarks/bench_simulator.py``; the numbers are also in the
``extra_info`` of ``--benchmark-json``. Goals on one core, for 60 models of 3 replicas each on 8
groups of 4 stages: 40 million requests/s with earliest-finish, 25 million with shortest-queue,
less than 0.1 ms of Python around one evaluation.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.problem import Placement
from alpaplan.simulator import Simulator
from alpaplan.simulator.fixed_service import FixedService
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.simulator.cases import RULES, Case, make_case

WORK_S = (0.151, 0.150, 0.238, 0.395, 0.171, 0.234)
"""Latencies of six model types on one V100 (bert-1.3b ... moe-5.3b in the quality cases)."""


def realistic_case(
    *,
    num_requests: int,
    cv: float,
    load: float,
    num_models: int = 60,
    num_groups: int = 8,
    num_replicas: int = 3,
    num_stages: int = 4,
    slo_scale: float = 5,
) -> Case:
    """Make a case of power-law rates, gamma gaps and objectives of some times the latency."""
    rng = np.random.default_rng(1)
    work_s = np.array(WORK_S)[rng.integers(0, len(WORK_S), num_models)]
    stages_s = work_s[:, None] / num_stages * rng.uniform(0.95, 1.05, (num_models, num_stages))
    rate_rps = rng.permutation(np.arange(1, num_models + 1) ** -0.5)
    rate_rps *= load * num_groups / float(rate_rps @ stages_s.max(axis=1))
    horizon_s = num_requests / rate_rps.sum()
    times, models = [], []
    for model, rate in enumerate(rate_rps):
        count = int(1.5 * rate * horizon_s + 50 * cv**2)
        arrival_s = np.cumsum(rng.gamma(cv**-2, cv**2 / rate, count))
        times.append(arrival_s[arrival_s < horizon_s])
        models.append(np.full(times[-1].size, model, dtype=np.int32))
    order = np.argsort(np.concatenate(times), kind="stable")
    replicas = np.zeros((num_groups, num_models), dtype=np.bool_)
    for model in range(num_models):
        replicas[rng.choice(num_groups, num_replicas, replace=False), model] = True
    small = make_case(
        [stages_s.tolist()],
        [0] * num_groups,
        replicas.tolist(),
        (slo_scale * work_s).tolist(),
        [],
        overhead_s=0.011,
    )
    trace = Trace(
        np.concatenate(times)[order],
        np.concatenate(models)[order],
        small.problem.model_names,
        float(horizon_s),
    )
    return Case(small.problem, small.placement, trace)


def repeat(benchmark: BenchmarkFixture, run: Callable[[], None], rounds: int) -> None:
    benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]


def millions_per_s(
    benchmark: BenchmarkFixture, case: Case, run: Callable[[Simulator, Placement], object]
) -> None:
    simulator = Simulator(case.problem, case.trace)
    seconds: list[float] = []

    def timed_run() -> None:
        start_s = perf_counter()
        run(simulator, case.placement)
        seconds.append(perf_counter() - start_s)

    repeat(benchmark, timed_run, rounds=9)
    evaluation = simulator.evaluate(case.placement)
    benchmark.extra_info["requests"] = case.trace.num_requests
    benchmark.extra_info["slo_attainment"] = round(evaluation.slo_attainment, 3)
    for name, run_s in (("best", min(seconds)), ("median", statistics.median(seconds))):
        rate = case.trace.num_requests / run_s / 1e6
        benchmark.extra_info[f"million_requests_per_s_{name}"] = round(rate, 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")  # noqa: T201


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("cv", "load"), [(4.0, 0.7), (4.0, 1.1), (1.0, 0.8), (1.0, 1.5)])
def test_evaluate(benchmark: BenchmarkFixture, rule: Dispatch, cv: float, load: float) -> None:
    case = realistic_case(num_requests=2_000_000, cv=cv, load=load).ruled_by(rule)
    millions_per_s(benchmark, case, Simulator.evaluate)


@pytest.mark.parametrize("rule", RULES)
def test_replay(benchmark: BenchmarkFixture, rule: Dispatch) -> None:
    case = realistic_case(num_requests=2_000_000, cv=4.0, load=0.7).ruled_by(rule)
    millions_per_s(benchmark, case, Simulator.replay)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "size",
    [
        {"num_stages": 1},
        {"num_stages": 16},
        {"num_groups": 32, "num_replicas": 20},
        {"num_models": 3000, "num_groups": 256},
    ],
    ids=["1-stage", "16-stages", "20-replicas", "3000-models"],
)
def test_other_sizes(benchmark: BenchmarkFixture, rule: Dispatch, size: dict[str, int]) -> None:
    case = realistic_case(num_requests=2_000_000, cv=4.0, load=0.7, **size).ruled_by(rule)
    millions_per_s(benchmark, case, Simulator.evaluate)


@pytest.mark.parametrize("rule", RULES)
def test_python_around_the_kernel(benchmark: BenchmarkFixture, rule: Dispatch) -> None:
    """Time whole evaluations and the kernel within them; the difference is Python."""
    case = realistic_case(num_requests=40_000, cv=4.0, load=0.7).ruled_by(rule)
    simulator = Simulator(case.problem, case.trace)
    service = simulator._service
    assert isinstance(service, FixedService)
    kernel, kernel_s, around_s = service._kernel, [0.0], []

    def timed_kernel(*arguments: Any) -> None:
        start_s = perf_counter()
        kernel(*arguments)
        kernel_s[0] = perf_counter() - start_s

    service._kernel = timed_kernel

    def evaluate() -> None:
        start_s = perf_counter()
        simulator.evaluate(case.placement)
        around_s.append(perf_counter() - start_s - kernel_s[0])

    repeat(benchmark, evaluate, rounds=500)
    benchmark.extra_info["python_us_best"] = round(min(around_s) * 1e6, 1)
    benchmark.extra_info["python_us_median"] = round(statistics.median(around_s) * 1e6, 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")  # noqa: T201
