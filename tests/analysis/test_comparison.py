"""Comparisons of plans: the paired interval by hand and by replication, sums, and the tables."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from alpaplan.analysis.comparison import (
    TRACE_PARTS,
    CommonTraces,
    Comparison,
    PlanRuns,
    compare,
    paired_difference,
)
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.report.comparison import MAX_MODELS, comparison_tables
from alpaplan.simulator import Simulator
from alpaplan.simulator.intervals import ratio_interval_95
from alpaplan.workload.trace import Trace
from tests import builders


def placement(problem: PlacementProblem, shape: tuple[int, int], *groups: list[int]) -> Placement:
    """Return groups of one shape with the given models."""
    shapes = [(s.intra_op, s.inter_op) for s in problem.shapes]
    replicas = np.zeros((len(groups), problem.num_models), dtype=np.bool_)
    for group, models in enumerate(groups):
        replicas[group, models] = True
    return Placement(np.full(len(groups), shapes.index(shape)), replicas)


def run(problem: PlacementProblem, arrivals: CommonTraces, *placements: Placement) -> Comparison:
    """Compare placements named a, b, ..."""
    runs = [
        PlanRuns(name, made, tuple(Simulator(problem, t).replay(made) for t in arrivals.traces))
        for name, made in zip("abc", placements, strict=False)
    ]
    return compare(problem, arrivals, runs)


def text_of(comparison: Comparison) -> str:
    """Return what the tables look like."""
    file = io.StringIO()
    Console(file=file, width=100, color_system=None).print(comparison_tables(comparison))
    return file.getvalue()


@pytest.fixture
def problem() -> PlacementProblem:
    return builders.problem([builders.model("m"), builders.model("n")])


@pytest.fixture
def burst() -> CommonTraces:
    # Twenty requests of m at once, of which one device of 0.1 s serves ten within 1 s; then one n.
    times = np.array([0.0] * 20 + [9.0])
    model = np.array([0] * 20 + [1], dtype=np.int32)
    return CommonTraces("trace", (Trace(times, model, ("m", "n"), 9.0),))


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


def test_plans_by_hand(problem: PlacementProblem, burst: CommonTraces) -> None:
    one = placement(problem, (1, 1), [0])
    two = placement(problem, (1, 1), [0], [0, 1])
    first, second = run(problem, burst, one, two).plans
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


def test_a_plan_differs_in_nothing_from_itself(
    problem: PlacementProblem, burst: CommonTraces
) -> None:
    one = placement(problem, (1, 2), [0, 1])
    comparison = run(problem, burst, one, one)
    difference = comparison.plans[1].difference
    assert difference is not None
    assert (difference.slo_attainment, difference.interval_95) == (0.0, (0.0, 0.0))
    assert comparison.most_different_models() == []
    assert "every model attains as many requests under all plans" in text_of(comparison)


def test_parts_of_a_trace_are_its_runs(problem: PlacementProblem) -> None:
    # One request each second, of n every tenth: each part of the trace has one, at its end.
    times = np.arange(10.0 * TRACE_PARTS)
    model = (np.arange(times.size) % 10 == 9).astype(np.int32)
    arrivals = CommonTraces("trace", (Trace(times, model, ("m", "n"), float(times[-1])),))
    only_m = placement(problem, (1, 1), [0])
    difference = run(problem, arrivals, placement(problem, (1, 1), [0, 1]), only_m).plans[1]
    assert difference.difference is not None
    assert difference.difference.interval_95 == pytest.approx((-0.1, -0.1))


def test_models_that_differ_most_come_first(problem: PlacementProblem, burst: CommonTraces) -> None:
    one, two = placement(problem, (1, 1), [0]), placement(problem, (1, 1), [0], [0, 1])
    comparison = run(problem, burst, one, two)
    assert comparison.most_different_models() == [0, 1]
    expected = [[0.5, 1.0], [0.0, 1.0]]
    assert comparison.model_attainment().tolist() == expected
    lines = text_of(comparison).splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert rows["m"] == ["m", "20", "50.00%", "100.00%"]
    assert rows["n"] == ["n", "1", "0.00%", "100.00%"]
    assert rows["more"][-2:] == ["+52.38", "points"]
    assert rows["devices"] == ["devices", "used", "1", "2"]
    assert rows["(intra_op"] == ["(intra_op", "1,", "inter_op", "1)", "1", "2"]


def test_no_requests_at_all(problem: PlacementProblem) -> None:
    nothing = Trace(np.empty(0), np.empty(0, dtype=np.int32), ("m", "n"), 0.0)
    one = placement(problem, (1, 1), [0])
    comparison = run(problem, CommonTraces("trace", (nothing,)), one, one)
    found = json.loads(json.dumps(comparison.to_json_dict(), allow_nan=False))
    assert found["plans"][1]["slo_attainment"] is None
    assert found["plans"][1]["difference"] == {"slo_attainment": 0.0, "interval_95": None}
    assert text_of(comparison).startswith("0 requests of a trace")


def test_long_lists_of_models_say_what_is_left_out() -> None:
    names = [f"m{index}" for index in range(MAX_MODELS + 3)]
    many = builders.problem([builders.model(name) for name in names])
    model = np.arange(len(names), dtype=np.int32)
    arrivals = CommonTraces("sampled", (Trace(np.zeros(len(names)), model, tuple(names), 1.0),) * 2)
    none, some = placement(many, (1, 1)), placement(many, (1, 1), *([m] for m in range(len(names))))
    text = text_of(run(many, arrivals, none, some))
    assert "and 3 more models" in text
    assert "in 2 runs, the same for all plans" in text
