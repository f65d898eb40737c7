"""Comparisons of plans: differences, sums and what differs most."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alpaplan.analysis.comparison import (
    TRACE_PARTS,
    CommonTraces,
    paired_difference,
)
from alpaplan.simulator.intervals import ratio_interval_95
from alpaplan.workload.trace import Trace
from tests.analysis.comparisons import burst, placement, run, two_models


def test_a_difference_is_a_ratio_of_sums() -> None:
    found = paired_difference(np.array([10, 10]), np.array([1, 3]))
    assert found.slo_attainment == pytest.approx(0.2)
    assert found.interval_95 == ratio_interval_95(np.array([10, 10]), np.array([1, 3]))


def test_equal_differences_leave_no_doubt() -> None:
    found = paired_difference(np.array([10, 20, 40]), np.array([-1, -2, -4]))
    assert found.slo_attainment == pytest.approx(-0.1)
    assert found.interval_95 == pytest.approx((-0.1, -0.1))


def test_one_part_or_no_requests_have_no_interval() -> None:
    assert paired_difference(np.array([10]), np.array([1])).interval_95 is None
    nothing = paired_difference(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64))
    assert (nothing.slo_attainment, nothing.interval_95) == (0.0, None)


def test_plans_by_hand() -> None:
    one = placement(two_models(), (1, 1), [0])
    two = placement(two_models(), (1, 1), [0], [0, 1])
    first, second = run(two_models(), burst(), one, two).plans
    assert first.attained.tolist() == [10, 0]
    assert second.attained.tolist() == [20, 1]
    assert first.slo_attainment == pytest.approx(10 / 21)
    assert first.goodput_rps == pytest.approx(10 / 9)
    assert first.latency.mean_s == pytest.approx(0.55)
    assert first.difference is None
    assert second.difference is not None
    assert second.difference.slo_attainment == pytest.approx(11 / 21)
    assert (first.num_devices, first.num_replicas, first.groups) == (1, 1, {("gpu", 1, 1): 1})
    assert (second.num_devices, second.num_replicas) == (2, 3)


def test_a_plan_differs_in_nothing_from_itself() -> None:
    one = placement(two_models(), (1, 2), [0, 1])
    comparison = run(two_models(), burst(), one, one)
    difference = comparison.plans[1].difference
    assert difference is not None
    assert (difference.slo_attainment, difference.interval_95) == (0.0, (0.0, 0.0))
    assert comparison.most_different_models() == []


def test_parts_of_a_trace_are_its_runs() -> None:
    # One request each second, of n every tenth: each part of the trace has one, at its end.
    times = np.arange(10.0 * TRACE_PARTS)
    model = (np.arange(times.size) % 10 == 9).astype(np.int32)
    arrivals = CommonTraces("trace", (Trace(times, model, ("m", "n"), float(times[-1])),))
    only_m = placement(two_models(), (1, 1), [0])
    difference = run(two_models(), arrivals, placement(two_models(), (1, 1), [0, 1]), only_m).plans[
        1
    ]
    assert difference.difference is not None
    assert difference.difference.interval_95 == pytest.approx((-0.1, -0.1))


def test_models_that_differ_most_come_first() -> None:
    one, two = placement(two_models(), (1, 1), [0]), placement(two_models(), (1, 1), [0], [0, 1])
    comparison = run(two_models(), burst(), one, two)
    assert comparison.most_different_models() == [0, 1]
    expected = [[0.5, 1.0], [0.0, 1.0]]
    assert comparison.model_attainment().tolist() == expected


def test_no_requests_at_all() -> None:
    nothing = Trace(np.empty(0), np.empty(0, dtype=np.int32), ("m", "n"), 0.0)
    one = placement(two_models(), (1, 1), [0])
    comparison = run(two_models(), CommonTraces("trace", (nothing,)), one, one)
    found = json.loads(json.dumps(comparison.to_json_dict(), allow_nan=False))
    assert found["plans"][1]["slo_attainment"] is None
    assert found["plans"][1]["difference"] == {"slo_attainment": 0.0, "interval_95": None}
