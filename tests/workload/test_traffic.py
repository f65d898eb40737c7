from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.renewal import Poisson
from alpaplan.workload.lengths import with_recorded_lengths
from alpaplan.workload.statistics import trace_statistics
from alpaplan.workload.trace import Trace
from alpaplan.workload.traffic import traffic_of_trace, traffic_of_workload
from tests.workload.statistics import assert_mean


def models_of(**arrivals: dict[str, Any]) -> tuple[ServedModel, ...]:
    entries = [
        {"name": name, "profile": "p", "slo_s": 1, "arrivals": process}
        for name, process in arrivals.items()
    ]
    document = {"kind": "workload", "version": 1, "name": "w", "models": entries}
    return WorkloadSpec.model_validate(document).served_models()


GAMMA = {"process": "gamma", "rate_rps": 3, "cv": 2}
STATES = [{"rate_rps": 2, "mean_duration_s": 4}, {"rate_rps": 10, "mean_duration_s": 1}]
RECORDED = {"process": "trace", "path": "t.csv"}
TRACE = Trace(np.array([1.0, 2.0, 4.0, 9.0]), np.array([0, 1, 0, 0], np.int32), ("a", "b"), 8.0)


def test_limit_of_three_states_is_measured() -> None:
    process = Mmpp((0.0, 40.0, 8.0), (0.5, 0.2, 0.3))
    found = []
    for seed in range(60):
        times = process.sample(4000.0, np.random.default_rng(seed))
        trace = Trace(times, np.zeros(times.size, np.int32), ("m",), 4000.0)
        found.append(trace_statistics(trace).overall.dispersion[2])
    # Windows of 100 s are endless beside stays of less than a second.
    assert_mean(found, process.dispersion)


def test_limit_that_is_not_known() -> None:
    windows = [{"duration_s": 5, "arrivals": GAMMA}, {"duration_s": 5}]
    (model,) = models_of(m={"process": "piecewise", "windows": windows})
    assert math.isnan(traffic_of_workload((model,), {}).models[0].dispersion_limit)


def test_processes_of_a_workload() -> None:
    models = models_of(a=GAMMA, b={"process": "mmpp", "states": STATES})
    summary = traffic_of_workload(models, {})
    first, second = summary.models
    assert (first.process, first.requests, first.measured.rate_rps) == ("gamma", None, 3)
    assert (first.measured.cv, first.dispersion_limit) == (2, 4)
    assert second.measured.rate_rps == pytest.approx(3.6)
    # Variances of independent counts add up.
    limit = (3 * 4 + 3.6 * second.dispersion_limit) / 6.6
    assert summary.overall.dispersion_limit == pytest.approx(limit)
    assert summary.overall.measured.rate_rps == pytest.approx(6.6)
    assert math.isnan(summary.overall.measured.cv)


def test_cv_of_all_together_where_it_is_known() -> None:
    poisson = {"process": "poisson", "rate_rps": 3}
    assert traffic_of_workload(models_of(a=poisson, b=poisson), {}).overall.measured.cv == 1
    assert traffic_of_workload(models_of(a=GAMMA), {}).overall.measured.cv == 2


def test_recorded_models() -> None:
    models = models_of(a=RECORDED, silent=RECORDED, c=GAMMA)
    summary = traffic_of_workload(models, {"a": TRACE, "silent": TRACE})
    first, silent, _ = summary.models
    assert (first.requests, first.measured.rate_rps) == (3, 3 / 8)
    assert first.measured.cv == pytest.approx(1 / 4)
    assert (silent.requests, silent.measured.rate_rps) == (0, 0)
    assert summary.overall.measured.rate_rps == pytest.approx(3 + 3 / 8)
    assert (summary.overall.requests, summary.duration_s) == (None, None)


def test_only_recorded_models_are_measured_together() -> None:
    summary = traffic_of_workload(models_of(b=RECORDED, a=RECORDED), {"a": TRACE, "b": TRACE})
    assert (summary.overall.requests, summary.duration_s) == (4, 8)
    assert summary.overall.measured.cv == traffic_of_trace(TRACE).overall.measured.cv


def test_json_has_no_numbers_that_are_none() -> None:
    pareto = {"process": "pareto", "rate_rps": 3, "shape": 1.5}
    for summary in (
        traffic_of_trace(TRACE),
        traffic_of_workload(models_of(a=RECORDED, p=pareto), {"a": TRACE}),
    ):
        found = summary.to_json_dict()
        json.dumps(found, allow_nan=False)
        keys = {
            "requests",
            "rate_rps",
            "cv",
            "index_of_dispersion",
            "index_of_dispersion_limit",
            "peak_over_mean",
        }
        assert set(found) == keys | {"source", "duration_s", "models"}
        assert all(set(model) == keys | {"name", "process"} for model in found["models"])
    assert found["models"][1]["cv"] is None


def test_trace_json() -> None:
    times = Poisson(5.0).sample(200.0, np.random.default_rng(0))
    trace = Trace(times, np.zeros(times.size, np.int32), ("m",), 200.0)
    found = traffic_of_trace(trace).to_json_dict()
    assert (found["source"], found["requests"], found["duration_s"]) == ("trace", times.size, 200)
    assert found["index_of_dispersion"]["1s"] == pytest.approx(1, abs=0.4)
    assert found["index_of_dispersion"]["100s"] is None
    assert found["models"][0]["name"] == "m"


def llms_of(**entries: dict[str, Any]) -> tuple[ServedModel, ...]:
    llm = {"profile": "p", "slo": {"ttft_s": 1}, "max_context_tokens": 2000, "arrivals": GAMMA}
    models = [{"name": name, **llm, **more} for name, more in entries.items()]
    document = {"kind": "workload", "version": 1, "name": "w", "models": models}
    return WorkloadSpec.model_validate(document).served_models()


def test_token_counts_of_lengths() -> None:
    models = llms_of(
        a={"lengths": {"process": "constant", "input_tokens": 7, "output_tokens": 3}},
        b={
            "lengths": {
                "process": "lognormal",
                "input_mean": 900, "input_cv": 0.8, "output_mean": 200, "output_cv": 1.2,
            }
        },
        c={"lengths": {"process": "trace", "path": "t.csv"}},
    )  # fmt: skip
    tokens = (np.array([5, 6, 7], np.int32), np.array([1, 2, 3], np.int32))
    trace = Trace(np.arange(3.0), np.zeros(3, np.int32), ("c",), 3.0, *tokens)
    models = with_recorded_lengths(models, {"c": trace})
    a, b, c = (model.tokens for model in traffic_of_workload(models, {}).models)
    assert a is not None
    assert (a.input_tokens.quantiles, a.total_tokens.largest) == ((7, 7, 7), 10)
    assert math.isnan(a.correlation)
    assert b is not None
    assert b.input_tokens.quantiles[0] == pytest.approx(900 / math.sqrt(1.64), rel=0.01)
    assert b.total_tokens.largest == 2000
    assert c is not None
    assert (c.requests, c.output_tokens.mean) == (3, 2)
    (fixed,) = models_of(m=GAMMA)
    assert traffic_of_workload((fixed,), {}).models[0].tokens is None
