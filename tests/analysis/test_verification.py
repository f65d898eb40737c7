"""Measured beside simulated."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from alpaplan.analysis.verification import RequestOutcome, Verification
from alpaplan.analysis.verifying import (
    VerificationSettings,
    compare_with_simulation,
    shortest_objective_s,
)
from alpaplan.simulator import Simulator
from tests.builders import llm_model, llm_profile, model, problem, profile
from tests.simulator.cases import Case, make_case

GOOD = RequestOutcome(True, 200, group="g0", latency_s=1.0)
LATE = RequestOutcome(False, 200, group="g0", latency_s=3.0)
REFUSED = RequestOutcome(False, 429, "429", group="g0", latency_s=0.1)
LOST = RequestOutcome(False, trouble="timeout")


def case() -> Case:
    """Return four requests of one model, for a second each within two seconds."""
    return make_case(
        [[[1.0]]],
        shapes=[0],
        replicas=[[True]],
        slo_s=[2.0],
        arrivals=[(0.0, 0), (0.0, 0), (5.0, 0), (5.0, 0)],
    )


def compared(
    *outcomes: RequestOutcome | None, asked: VerificationSettings | None = None, late_s: float = 0.0
) -> Verification:
    made = case()
    replay = Simulator(made.problem, made.trace).replay(made.placement)
    asked = asked or VerificationSettings("stubs", 3.0, 1.5)
    return compare_with_simulation(
        asked, made.trace, replay, ["g0"], outcomes, [late_s] * len(outcomes)
    )


def test_counts_and_the_difference_in_points() -> None:
    found = compared(GOOD, LATE, REFUSED, LOST)
    assert (found.requests, found.answered, found.attained, found.late) == (4, 3, 1, 1)
    assert found.statuses == {"200": 2, "429": 1}
    assert found.errors == {"429": 1, "timeout": 1}
    assert found.simulated == 4
    assert found.difference_points == pytest.approx(-75)
    assert found.latency.mean_s == 1.0
    (group,) = found.groups
    assert (group.name, group.requests, group.simulated) == ("g0", 3, 4)


def test_stubs_agree_only_if_the_router_lost_and_mixed_up_nothing() -> None:
    assert compared(GOOD, GOOD, GOOD, GOOD).agrees
    assert not compared(GOOD, GOOD, GOOD, LATE).agrees
    astray = replace(GOOD, is_wrong_group=True)
    assert not compared(GOOD, GOOD, GOOD, astray).agrees
    loose = VerificationSettings("stubs", 3.0, 100.0)
    assert compared(GOOD, LATE, REFUSED, LATE, asked=loose).agrees
    assert not compared(GOOD, LATE, REFUSED, LOST, asked=loose).agrees


def test_a_measurement_of_a_deployment_is_no_error_unless_something_is_required() -> None:
    def agrees(**limits: float) -> bool:
        asked = VerificationSettings(
            "url", 1.0, limits.get("tolerance"), limits.get("required"), "http://h"
        )
        return compared(GOOD, GOOD, GOOD, LOST, asked=asked).agrees

    assert agrees()
    assert agrees(tolerance=25)
    assert not agrees(tolerance=24.9)
    assert agrees(required=0.75)
    assert not agrees(required=0.76)


def test_requests_without_an_outcome_count_on_neither_side() -> None:
    found = compared(GOOD, None, GOOD, None)
    assert (found.requests, found.attained, found.simulated) == (2, 2, 2)
    assert found.agrees


def test_json_of_stubs() -> None:
    found = json.loads(json.dumps(compared(GOOD, LATE, REFUSED, GOOD, late_s=0.25).to_json_dict()))
    assert found["kind"] == "verification"
    assert (found["version"], found["mode"], found["scale"]) == (1, "stubs", 3.0)
    assert found["simulated"] == {"attained": 4, "slo_attainment": 1.0}
    assert found["slo_attainment"] == 0.5
    assert found["difference_points"] == -50
    assert found["tolerance_points"] == 1.5
    assert found["generator_late_s"] == {"p50": 0.25, "p99": 0.25, "max": 0.25}
    assert found["models"] == [{"name": "m0", "requests": 4, "attained": 2, "simulated": 4}]
    assert found["agrees"] is False
    assert "errors" not in found


def test_json_of_a_deployment() -> None:
    asked = VerificationSettings("url", 1.0, url="http://h")
    streamed = replace(GOOD, ttft_s=0.5, tpot_s=math.nan)
    found = compared(streamed, LOST, LOST, LOST, asked=asked).to_json_dict()
    assert found["url"] == "http://h"
    assert found["errors"] == {"timeout": 3}
    (only,) = found["models"]
    low, high = only["interval_95"]
    assert 0 < low < 0.25 < high < 1
    assert only["latency_s"]["p50"] == 1.0
    assert only["simulated_latency_s"]["mean"] == 1.5
    assert only["ttft_s"]["p90"] == 0.5
    assert only["tpot_s"]["mean"] is None
    assert found["tolerance_points"] is None


def test_the_shortest_objective_is_on_the_first_token_too() -> None:
    assert shortest_objective_s(problem([model(slo_s=3.0), model("n", slo_s=2.0)])) == 2
    mixed = problem(
        [model(slo_s=3.0), llm_model(slo={"ttft_s": 0.5, "tpot_s": 0.01})],
        [profile(), llm_profile()],
    )
    assert shortest_objective_s(mixed) == 0.5
