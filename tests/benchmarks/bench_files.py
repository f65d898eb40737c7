"""How long files take to read and write. Run: ``pytest tests/benchmarks/bench_files.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.files.document import load_document
from alpaplan.files.plan_yaml import plan_to_yaml
from alpaplan.files.trace_csv import read_trace, write_trace
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.trace import Trace


def trace_of_a_million(*, has_tokens: bool) -> Trace:
    num_requests, num_models = 1_000_000, 60
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, 4000, (2, num_requests)).astype(np.int32)
    return Trace(
        np.sort(rng.random(num_requests) * 3600),
        rng.integers(0, num_models, num_requests).astype(np.int32),
        tuple(f"m{index}" for index in range(num_models)),
        3600.0,
        *(tokens if has_tokens else ()),
    )


def test_read_trace_of_a_million_requests(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    trace = trace_of_a_million(has_tokens=False)
    path = tmp_path / "trace.csv.gz"
    write_trace(trace, path)
    read = benchmark(read_trace, path)
    assert read.trace.num_requests == trace.num_requests


@pytest.mark.parametrize("has_tokens", [False, True])
def test_write_trace_of_a_million_requests(
    benchmark: BenchmarkFixture, tmp_path: Path, *, has_tokens: bool
) -> None:
    trace = trace_of_a_million(has_tokens=has_tokens)
    path = tmp_path / "trace.csv"
    benchmark(write_trace, trace, path)
    assert read_trace(path).trace.num_requests == trace.num_requests


def test_load_workload_of_ten_thousand_models(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    path = tmp_path / "workload.yaml"
    rows = (
        f"- {{name: m{index}, profile: p, slo_s: 0.5,"
        " arrivals: {process: gamma, rate_rps: 4.2, cv: 4.0}}\n"
        for index in range(10_000)
    )
    path.write_text("kind: workload\nversion: 1\nname: w\nmodels:\n" + "".join(rows))
    document = benchmark(load_document, path, WorkloadSpec)
    assert len(document.spec.models) == 10_000


def test_write_plan_of_two_thousand_groups(benchmark: BenchmarkFixture) -> None:
    groups = [
        {
            "name": f"g{index}",
            "device": "v100",
            "intra_op": 2,
            "inter_op": 4,
            "devices": [{"node": f"p3-{index}", "devices": list(range(8))}],
            "replicas": [{"model": f"m{model}"} for model in range(10)],
        }
        for index in range(2000)
    ]
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": groups})
    text = benchmark(plan_to_yaml, plan)
    assert text.count("{model: ") == 20_000
