"""The summary of a finished search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.planning.plan import Planned
from alpaplan.problem import Placement
from alpaplan.report import plan as module
from alpaplan.report.plan import plan_summary
from alpaplan.report.plan_tables import MAX_ROWS
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.planner import PlanResult
from alpaplan.search.search import SearchStep
from alpaplan.specs.choices import BoundLimit, UnseenSource
from alpaplan.specs.plan import NodeDevices
from alpaplan.specs.prediction import (
    ArrivalsRecord,
    GroupPrediction,
    LatencySummary,
    NodeLoss,
    Prediction,
    UpperBound,
)
from tests import builders as make
from tests.builders import GB
from tests.report.text import lines_of, rows_of
from tests.solved import solved


@pytest.fixture(scope="module")
def run() -> Planned:
    """Return a plan of numbered models, of which one is too slow and one has no room."""
    profiles = [make.profile(weight_bytes=4 * GB), make.profile("big", weight_bytes=38 * GB)]
    models = [make.model(f"m{i}", rate_rps=4.0) for i in range(3)]
    models += [make.model("hasty", slo_s=0.001), make.model("big", "big", rate_rps=0.02)]
    cluster = make.cluster(make.pool(devices_per_node=4))
    return solved(models, profiles, cluster, max_evaluations=200)


def summary(run: Planned, result: PlanResult | None = None, *, explain: bool = False) -> list[str]:
    """Return the lines of a summary, of a changed result if one is given."""
    return lines_of(plan_summary(replace(run, result=result or run.result), explain=explain))


def line_with(lines: Sequence[str], text: str) -> str:
    (found,) = [line for line in lines if text in line]
    return found


def test_the_headline_says_what_to_expect(run: Planned) -> None:
    groups = run.document.groups
    prediction = Prediction(
        slo_attainment=0.98765,
        confidence_interval_95=(0.98, 0.99),
        prediction_interval_95=(0.9612, 0.9999),
        training_slo_attainment=0.99,
        goodput_rps=12.3456,
        latency_s=LatencySummary(mean=0.151, p50=0.1, p90=0.3, p99=1.5),
        groups=tuple(GroupPrediction(name=group.name, utilization=0.127) for group in groups),
        arrivals=ArrivalsRecord(source=UnseenSource.SAMPLED, runs=4, run_s=60.0, requests=12_345),
    )
    used = sum(group.intra_op * group.inter_op for group in groups)
    lines = with_prediction(run, prediction)
    assert lines[0] == (
        "SLO attainment 98.77% (95% confidence 98.00% to 99.00%): 152 of 12,345 unseen requests "
        "missed"
    )
    assert lines[1].startswith(f"{used} of 4 GPUs, 13% busy; {len(groups)} group")
    assert lines[2:4] == [
        "goodput 12.35 requests/s, latency mean 151 ms, p50 100 ms, p90 300 ms, p99 1.5 s",
        "one run of 60 s is expected between 96.12% and 99.99%; in training it was 99.00%",
    ]
    assert not any("is possible" in line for line in lines)


def with_prediction(run: Planned, prediction: Prediction) -> list[str]:
    """Return the lines of the summary of a plan with another prediction."""
    plan = run.document.model_copy(update={"prediction": prediction})
    return lines_of(plan_summary(replace(run, document=plan)))


def test_a_bound_below_one_is_told_with_what_limits_it(run: Planned) -> None:
    bound = UpperBound(slo_attainment=0.9512, reached=0.9, limit=BoundLimit.MEMORY)
    lines = with_prediction(run, Prediction(slo_attainment=0.9, upper_bound=bound))
    assert line_with(lines, "is possible") == (
        "at most 95.12% of the first run is possible (memory is the limit); this plan attains "
        "90.00%"
    )


def test_headroom_and_the_worst_node_loss_are_told(run: Planned) -> None:
    losses = (NodeLoss(node="n-1", slo_attainment=0.789), NodeLoss(node="n-0", slo_attainment=0.9))
    prediction = Prediction(slo_attainment=0.9, headroom_rate_scale=2.6, node_loss=losses)
    lines = with_prediction(run, prediction)
    assert "99% holds up to 2.6 times this traffic; without n-1: 78.90%" in lines


def test_misses_are_a_number_where_percentages_would_round_to_all(run: Planned) -> None:
    models = [
        m.model_copy(update={"slo_attainment": 0.99996, "requests": 50_000})
        for m in run.document.models
    ]
    plan = run.document.model_copy(update={"models": tuple(models)})
    rows = rows_of(lines_of(plan_summary(replace(run, document=plan))), "Models (5)")
    assert {row[4] for row in rows} == {"2 missed"}


def test_models_that_are_not_served_are_named(run: Planned) -> None:
    lines = summary(run)
    assert line_with(lines, "cannot be served").startswith(
        "model 'hasty' cannot be served within 1 ms: its best latency is 50 ms (gpu, "
    )
    absent = [model.name for model in run.document.models if not model.groups]
    assert "hasty" in absent
    assert line_with(lines, "without a replica") == (
        f"models without a replica: {' '.join(absent)}"
    )


def test_long_lists_of_unserved_models_are_shortened(
    run: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    monkeypatch.setattr(module, "SUMMARY_ROWS", 2)
    models = [model.model_copy(update={"groups": ()}) for model in run.document.models]
    plan = run.document.model_copy(update={"models": tuple(models)})
    lines = lines_of(plan_summary(replace(run, document=plan)))
    assert line_with(lines, "without a replica") == "models without a replica: m0..1 and 3 more"
    assert any(re.fullmatch("and 3 more models, at .*% or better", line) for line in lines)
    assert len(rows_of(lines, "Models (5)")) == 2


def test_left_over_devices_are_counted(run: Planned) -> None:
    unused = (NodeDevices(node="n-0", devices=(1, 2)), NodeDevices(node="n-1", devices=(3,)))
    plan = run.document.model_copy(update={"unused_devices": unused})
    lines = lines_of(plan_summary(replace(run, document=plan)))
    assert lines[1].endswith("; left over: n-0[1-2] n-1[3]")
    without = run.document.model_copy(update={"unused_devices": ()})
    lines = lines_of(plan_summary(replace(run, document=without)))
    assert not any("left over" in line for line in lines)


def test_groups_show_their_devices_memory_and_replicas() -> None:
    run = solved([make.model("m0"), make.model("m1")], [make.profile(shapes=[(1, 2)])])
    rows = rows_of(summary(run), f"Groups ({len(run.document.groups)}) on gpu")
    # Two models of 2 GB on each device of 10 GB.
    first = run.document.groups[0]
    held = [replica.model for replica in first.replicas]
    memory = f"{20 * len(held)}%"
    busy = f"{100 * run.prediction.group_utilization[0]:.0f}%"
    replicas = "m0..1" if len(held) == 2 else held[0]
    assert rows[0] == ["g0", "n-0[0-1]", "1", "2", memory, busy, replicas]


def test_of_many_groups_and_models_the_busiest_and_worst_are_shown() -> None:
    models = [make.model(f"m{i}", rate_rps=1.0 + 0.2 * i) for i in range(9)]
    cluster = make.cluster(make.pool(devices_per_node=8))
    run = solved(models, cluster=cluster, method="selective-replication", max_evaluations=200)
    assert len(run.document.groups) == 8
    lines = summary(run)
    assert len(lines) <= module.SUMMARY_ROWS * 2 + 25
    busy = sorted(run.prediction.group_utilization, reverse=True)
    rows = rows_of(lines, "Groups (8) on gpu, busiest first")
    assert [row[5] for row in rows] == [f"{100 * each:.0f}%" for each in busy[:6]]
    assert f"and 2 more groups, at most {100 * busy[6]:.0f}% busy" in lines
    assert len(rows_of(lines, "Models (9)")) == module.SUMMARY_ROWS
    assert len(rows_of(summary(run, explain=True), "Models (9)")) == 9


def test_models_come_worst_first_and_those_nobody_asked_for_last(run: Planned) -> None:
    values = {"m0": 0.9, "m1": None, "m2": 0.1, "hasty": 0.0, "big": 1.0}
    models = [m.model_copy(update={"slo_attainment": values[m.name]}) for m in run.document.models]
    plan = run.document.model_copy(update={"models": tuple(models)})
    rows = rows_of(lines_of(plan_summary(replace(run, document=plan))), "Models (5)")
    assert [row[0] for row in rows] == ["hasty", "m2", "m0", "big", "m1"]
    assert rows[0] == ["hasty", "p", "1 ms", "none", "0.00%", "-", "-", "-"]
    assert rows[-1][4] == "-"


def candidate(run: Planned, attainment: float, latency_s: float, replicas: int = 1) -> Candidate:
    """Return a candidate of that score."""
    held = np.zeros((1, run.inputs.problem.num_models), dtype=np.bool_)
    held[0, :replicas] = True
    placement = Placement(np.zeros(1, dtype=np.int64), held)
    score = Score(attainment, -latency_s)
    return replace(run.result.best, score=score, placement=placement, method="beam")


def test_what_was_tried_says_why_it_lost(run: Planned) -> None:
    winner = candidate(run, 0.95, 0.2)
    tried = (
        candidate(run, 0.95, 0.25),
        candidate(run, 0.0, np.inf, replicas=0),
        candidate(run, 0.9, 0.1),
        winner,
        candidate(run, 0.95, 0.2),
        candidate(run, 0.96, 0.2, replicas=3),
    )
    result = replace(run.result, tried=tried, chosen=3, num_evaluations=1234)
    rows = rows_of(summary(run, result, explain=True), "Tried: 1,234 placements in 6 attempts")
    assert {row[0] for row in rows} == {"beam"}
    assert [(row[-4], row[-3], row[-1]) for row in rows] == [
        ("1", "95.00%", "chosen"),
        ("3", "96.00%", "worse on fresh arrivals"),
        ("1", "95.00%", "as good, tried later"),
        ("1", "95.00%", "50 ms slower"),
        ("1", "90.00%", "5.00 points fewer"),
        ("0", "0.00%", "not reached"),
    ]


def test_long_tables_say_what_they_leave_out(run: Planned) -> None:
    tried = tuple(candidate(run, 0.5, 0.2) for _ in range(MAX_ROWS + 5))
    result = replace(run.result, tried=tried, chosen=len(tried) - 1)
    lines = summary(run, result, explain=True)
    rows = rows_of(lines, "Tried")
    assert rows[0][-1] == "chosen"
    assert len(rows) == MAX_ROWS
    assert "and 5 more attempts" in lines


def test_of_what_lost_the_best_of_three_other_divisions_are_shown(run: Planned) -> None:
    found = (("a", 0.9), ("a", 0.89), ("b", 0.8), ("b", 0.85), ("c", 0.7), ("d", 0.6), ("e", 0.5))
    tried = tuple(
        replace(
            candidate(run, attainment, 0.2),
            partition=partition,
            placement=Placement(
                np.zeros(ord(partition), dtype=np.int64),
                np.ones((ord(partition), 5), dtype=np.bool_),
            ),
        )
        for partition, attainment in found
    )
    lines = summary(run, replace(run.result, tried=tried, chosen=0))
    rows = rows_of(lines, "Tried")
    assert [(row[1], row[3]) for row in rows] == [
        ("a", "90.00%"),
        ("b", "85.00%"),
        ("c", "70.00%"),
        ("d", "60.00%"),
    ]
    assert lines[-1] == "and 3 more attempts (--explain shows them)"


def test_steps_are_shown_if_asked_for(run: Planned) -> None:
    steps = (
        SearchStep("starts", Score(0.9, -0.1), 1200),
        SearchStep("improvement", Score(0.945, -0.1), 34, ("swap: 3 better", "add: 1 better")),
        SearchStep("decision", Score(0.94, -0.1), 4),
    )
    result = replace(run.result, steps=steps)
    title = "What each step gained"
    assert not any(line.startswith(title) for line in summary(run, result))
    rows = rows_of(summary(run, result, explain=True), title)
    assert rows == [
        ["starts", "1,200", "90.00%", "+90.00"],
        ["improvement", "34", "94.50%", "+4.50"],
        ["swap: 3 better"],
        ["add: 1 better"],
        ["decision", "4", "94.00%", "-0.50"],
    ]


@pytest.mark.parametrize("width", [60, 100])
def test_narrow_terminals_cut_no_name_off(width: int) -> None:
    name = "a-model-with-quite-a-long-name-for-a-narrow-terminal"
    run = solved([make.model(name)])
    lines = lines_of(plan_summary(run), width)
    assert not any("…" in line for line in lines)
