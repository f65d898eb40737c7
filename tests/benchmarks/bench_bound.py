"""How long the bound on attainment takes; it should not be felt beside a search.

Run with ``pytest tests/benchmarks/bench_bound.py``. One core of the machine of the other
benchmarks: 0.07 s for 60 models and 40,000 requests, 0.2 s for 100,000, 2 to 3 s for 2,000 models
and 400,000 requests.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.problem import DevicePool, GroupShape, PlacementProblem
from alpaplan.search.bounds.bound import attainment_bound
from tests.benchmarks.bench_simulator import realistic_case, repeat

NUM_STAGES = (1, 2, 4, 8, 16)


def spread_over_shapes(problem: PlacementProblem, num_devices: int) -> PlacementProblem:
    """Give each model pipelines of several lengths, with memory for each of them."""
    work_s = problem.stage_latency_s[0].sum(axis=1)
    shape = (len(NUM_STAGES), work_s.size, max(NUM_STAGES))
    latency_s = np.zeros(shape)
    weight_bytes = np.zeros(shape, dtype=np.int64)
    for h, count in enumerate(NUM_STAGES):
        latency_s[h, :, :count] = work_s[:, None] / count * (1 + 0.01 * count)
        weight_bytes[h, :, :count] = 5 * 10**9 // count
    return dataclasses.replace(
        problem,
        pools=(DevicePool("n", "gpu", num_devices // 8, 8, 13 * 10**9),),
        shapes=tuple(GroupShape(0, 1, count) for count in NUM_STAGES),
        num_stages=np.array(NUM_STAGES),
        supported=np.ones(shape[:2], dtype=np.bool_),
        stage_latency_s=latency_s,
        stage_weight_bytes=weight_bytes,
        stage_activation_bytes=np.zeros(shape, dtype=np.int64),
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("num_models", "num_requests", "num_groups"),
    [(60, 40_000, 8), (60, 100_000, 8), (2_000, 400_000, 256)],
)
def test_bound(
    benchmark: BenchmarkFixture,
    num_models: int,
    num_requests: int,
    num_groups: int,
    *,
    weighted: bool,
) -> None:
    case = realistic_case(
        num_requests=num_requests, cv=4.0, load=0.8, num_models=num_models, num_groups=num_groups
    )
    problem = spread_over_shapes(case.problem, 4 * num_groups)
    if weighted:
        weight = np.random.default_rng(0).uniform(0.5, 2.0, num_models)
        problem = dataclasses.replace(problem, model_weight=weight)

    def run() -> None:
        benchmark.extra_info["bound"] = attainment_bound(problem, case.trace).bound

    repeat(benchmark, run, rounds=3)
