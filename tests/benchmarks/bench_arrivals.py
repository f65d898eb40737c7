"""Speed of sampling: 10 million arrivals of each process, and whole workloads."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.arrivals import ArrivalProcess
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.renewal import (
    Deterministic,
    Gamma,
    Pareto,
    Poisson,
    Weibull,
    pareto_shape,
    weibull_shape,
)
from alpaplan.workload.sampling import sample_trace

NUM_ARRIVALS = 10_000_000
MMPP = Mmpp((500.0, 1500.0, 0.0), (1.0, 2.0, 0.5))


@pytest.mark.parametrize(
    "process",
    [
        pytest.param(Deterministic(1000.0), id="deterministic"),
        pytest.param(Poisson(1000.0), id="poisson"),
        pytest.param(Gamma(1000.0, 4.0), id="gamma-4"),
        pytest.param(Gamma(1000.0, 8.0), id="gamma-8"),
        pytest.param(Weibull(1000.0, weibull_shape(4.0)), id="weibull-4"),
        pytest.param(Pareto(1000.0, pareto_shape(4.0)), id="pareto-4"),
        pytest.param(MMPP, id="mmpp"),
        pytest.param(Piecewise((600.0, 60.0), (Gamma(1000.0, 4.0), MMPP)), id="piecewise"),
    ],
)
def test_ten_million_arrivals(benchmark: BenchmarkFixture, process: ArrivalProcess) -> None:
    duration_s = NUM_ARRIVALS / process.rate_rps
    times = benchmark(lambda: process.sample(duration_s, np.random.default_rng(0)))
    assert times.size == pytest.approx(NUM_ARRIVALS, rel=0.05)


@pytest.mark.parametrize(("num_models", "rate_rps"), [(480, 512.0), (2000, 4096.0)])
def test_hundred_seconds_of_a_workload(
    benchmark: BenchmarkFixture, num_models: int, rate_rps: float
) -> None:
    arrivals = {
        "process": "gamma",
        "total_rate_rps": rate_rps,
        "rate_distribution": "power-law",
        "exponent": 0.5,
        "cv": 4.0,
    }
    entry = {"name": "m", "count": num_models, "profile": "p", "slo_s": 1, "arrivals": arrivals}
    document = {"kind": "workload", "version": 1, "name": "w", "models": [entry]}
    models = WorkloadSpec.model_validate(document).served_models()
    trace = benchmark(lambda: sample_trace(models, 100.0, np.random.default_rng(0)))
    assert trace.num_requests == pytest.approx(100 * rate_rps, rel=0.1)
