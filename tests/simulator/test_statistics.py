"""What `alpaplan simulate` prints."""

from __future__ import annotations

import json
from dataclasses import astuple

import numpy as np
import pytest

from alpaplan.simulator import LatencyStatistics, summarize
from tests.simulator.cases import Case, make_case, one_server, random_case

NO_LATENCY = {"mean": None, "p50": None, "p90": None, "p99": None}


def summary_of(case: Case) -> dict[str, object]:
    summary = summarize(case.problem, case.placement, case.trace, case.replay())
    made: dict[str, object] = json.loads(json.dumps(summary.to_json_dict(), allow_nan=False))
    return made


def test_every_field() -> None:
    arrivals = [(0.0, 0), (0.0, 0), (0.0, 0), (1.0, 1)]
    case = make_case(
        [[[0.25, 0.25]]],
        [0, 0],
        [[True, False], [False, False]],
        [0.75, 1.0],
        arrivals,
        profile_of_model=[0, 0],
        duration_s=2.0,
    )
    latency_s = {"mean": 0.625, "p50": 0.625, "p90": 0.725, "p99": 0.7475}
    assert summary_of(case) == {
        "requests": 4,
        "attained": 2,
        "slo_attainment": 0.5,
        "goodput_rps": 1.0,
        "latency_s": latency_s,
        "models": [
            {
                "name": "m0",
                "requests": 3,
                "attained": 2,
                "slo_attainment": pytest.approx(2 / 3),
                "latency_s": latency_s,
            },
            {
                "name": "m1",
                "requests": 1,
                "attained": 0,
                "slo_attainment": 0.0,
                "latency_s": NO_LATENCY,
            },
        ],
        "groups": [
            {"name": "g0", "requests": 3, "attained": 2, "utilization": 0.25},
            {"name": "g1", "requests": 0, "attained": 0, "utilization": 0.0},
        ],
    }


def test_nothing_is_null() -> None:
    found = summary_of(one_server([0.25], 1.0, []))
    assert found == {
        "requests": 0,
        "attained": 0,
        "slo_attainment": None,
        "goodput_rps": None,
        "latency_s": NO_LATENCY,
        "models": [
            {
                "name": "m0",
                "requests": 0,
                "attained": 0,
                "slo_attainment": None,
                "latency_s": NO_LATENCY,
            }
        ],
        "groups": [{"name": "g0", "requests": 0, "attained": 0, "utilization": None}],
    }


def test_no_requests_in_some_time_is_idle() -> None:
    found = summary_of(one_server([0.25], 1.0, [], duration_s=10.0))
    assert found["goodput_rps"] == 0.0
    assert found["groups"] == [{"name": "g0", "requests": 0, "attained": 0, "utilization": 0.0}]


def test_utilization_stays_a_fraction_when_work_outlasts_the_trace() -> None:
    case = one_server([1.0], 1e9, [5.0] * 50, duration_s=0.5)
    summary = summarize(case.problem, case.placement, case.trace, case.replay())
    assert summary.groups[0].utilization == 1.0


def test_models_add_up() -> None:
    case = random_case(np.random.default_rng(2), 600)
    replay = case.replay()
    names = [f"group {g}" for g in range(case.placement.num_groups)]
    summary = summarize(case.problem, case.placement, case.trace, replay, names)
    assert [group.name for group in summary.groups] == names
    assert sum(model.requests for model in summary.models) == summary.requests == 600
    assert sum(model.attained for model in summary.models) == summary.attained
    for m, model in enumerate(summary.models):
        latency_s = replay.latency_s[case.trace.model == m]
        expected = LatencyStatistics.of(latency_s[~np.isnan(latency_s)])
        np.testing.assert_equal(astuple(model.latency), astuple(expected))


def test_names_have_to_fit() -> None:
    case = one_server([0.25], 1.0, [0.0])
    with pytest.raises(ValueError, match="zip"):
        summarize(case.problem, case.placement, case.trace, case.replay(), ["a", "b"])
