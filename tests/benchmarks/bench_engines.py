"""How many requests a minute the simulator does for LLM engines.

Run with ``pytest -s tests/benchmarks/bench_engines.py``; numbers are in processor time, and also in
the ``extra_info`` of ``--benchmark-json``. Goals on one core, at lengths of Azure's conversations
(mean input 1,155 and output 211 tokens): 6 million requests a minute on 8 groups of 2 LLMs, 25
million on one engine. The utilization says how much of the time the groups' devices work.
"""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.files.profiles import load_profiles
from alpaplan.files.shipped import shipped_profiles
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.build import build_problem
from alpaplan.simulator import Simulator, summarize
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.sampling import sample_trace
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.benchmarks.bench_simulator import repeat

NUM_REQUESTS = 200_000

LENGTHS = {
    "process": "lognormal",
    "input_mean": 1155,
    "input_cv": 0.94,
    "output_mean": 211,
    "output_cv": 0.77,
}
"""Means and CVs of the conversations in Azure's LLM inference trace of 2023 (Patel et al.,
"Splitwise", ISCA 2024), as `workload stats` prints them."""


def engines_of(
    profiles: list[str], num_groups: int, rate_rps: float
) -> tuple[PlacementProblem, Placement, Trace]:
    """Return groups of one H100, each with an engine of every model, and their requests."""
    entries = [
        make.llm_model(
            profile,
            profile,
            rate_rps / len(profiles),
            max_context_tokens=16_384,
            lengths=LENGTHS,
            slo={"ttft_s": 2, "tpot_s": 0.1},
        )
        for profile in profiles
    ]
    cluster = make.cluster(make.pool("n", num_groups, 1, 80 * make.GB, "h100-sxm"))
    document = {"kind": "workload", "version": 1, "name": "w", "models": entries}
    workload = WorkloadSpec.model_validate(document)
    found = load_profiles(shipped_profiles(), profiles)
    specs = {name: profile.spec for name, profile in found.items()}
    problem = build_problem(cluster, workload, specs)
    shape = next(h for h, shape in enumerate(problem.shapes) if shape.num_devices == 1)
    placement = Placement(
        np.full(num_groups, shape, dtype=np.int64),
        np.ones((num_groups, len(profiles)), dtype=np.bool_),
    )
    duration_s = NUM_REQUESTS / rate_rps
    trace = sample_trace(workload.served_models(), duration_s, np.random.default_rng(0))
    return problem, placement, trace


@pytest.mark.parametrize(
    ("profiles", "num_groups", "rate_rps"),
    [(["qwen3-8b", "llama-3.1-8b"], 8, 160.0), (["qwen3-8b"], 1, 20.0), (["qwen3-8b"], 1, 32.0)],
    ids=["8 groups of 2", "one engine", "one engine, busy"],
)
def test_engines(
    benchmark: BenchmarkFixture, profiles: list[str], num_groups: int, rate_rps: float
) -> None:
    problem, placement, trace = engines_of(profiles, num_groups, rate_rps)
    simulator = Simulator(problem, trace)
    seconds: list[float] = []

    def timed_run() -> None:
        start_s = process_time()
        simulator.evaluate(placement)
        seconds.append(process_time() - start_s)

    repeat(benchmark, timed_run, rounds=5)
    replay = simulator.replay(placement)
    assert replay.engines is not None
    summary = summarize(problem, placement, trace, replay)
    benchmark.extra_info["requests"] = trace.num_requests
    benchmark.extra_info["iterations"] = int(replay.engines.iterations.sum())
    benchmark.extra_info["utilization"] = round(
        float(np.mean([group.utilization for group in summary.groups])), 2
    )
    benchmark.extra_info["slo_attainment"] = round(summary.slo_attainment, 3)
    per_minute = trace.num_requests / float(np.median(seconds)) * 60 / 1e6
    benchmark.extra_info["million_requests_a_minute"] = round(per_minute, 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")  # noqa: T201
