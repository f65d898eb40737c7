"""The summary of a finished search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.planning.plan import Planned
from alpaplan.problem import Placement
from alpaplan.report import plan as module
from alpaplan.report.plan import plan_summary
from alpaplan.search.bounds.bound import AttainmentBound
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.planner import PlanResult
from alpaplan.search.prediction import Prediction
from alpaplan.search.search import SearchStep
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.specs.choices import BoundLimit
from alpaplan.specs.plan import NodeDevices
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
    prediction = Prediction(
        slo_attainment=0.98765,
        confidence_interval_95=(0.98, 0.99),
        prediction_interval_95=(0.9612, 0.9999),
        goodput_rps=12.3456,
        latency=LatencyStatistics(0.151, 0.1, 0.3, 1.5),
        models=run.result.prediction.models,
        num_runs=4,
        run_s=60.0,
        num_requests=12_345,
    )
    bound = AttainmentBound(1.0, None, 1.0, 1.0, 1.0)
    lines = summary(run, replace(run.result, prediction=prediction, bound=bound))
    trained = f"{100 * run.result.best.evaluation.slo_attainment:.2f}%"
    assert lines[:3] == [
        "SLO attainment 98.77% (95% confidence 98.00% to 99.00%) on 12,345 unseen requests",
        f"one run of 60 s is expected between 96.12% and 99.99%; in training it was {trained}",
        "goodput 12.35 requests/s, latency mean 151 ms, p50 100 ms, p90 300 ms, p99 1.5 s",
    ]
    assert not any(line.startswith("no placement can") for line in lines)


def test_a_bound_below_one_is_told_with_what_limits_it(run: Planned) -> None:
    bound = AttainmentBound(0.9512, BoundLimit.MEMORY, 1.0, 0.9512, 1.0)
    result = replace(run.result, bound=bound, bound_reached=0.9)
    assert line_with(summary(run, result), "no placement can") == (
        "no placement can attain more than 95.12% of the first run (memory is the limit); this "
        "one attains 90.00%"
    )


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
    models = [model.model_copy(update={"groups": ()}) for model in run.document.models]
    plan = run.document.model_copy(update={"models": tuple(models)})
    lines = lines_of(plan_summary(replace(run, document=plan)))
    assert line_with(lines, "without a replica") == "models without a replica: m0..1 and 3 more"
    assert "and 3 more models" in lines
    assert len(rows_of(lines, "Models (5)")) == 2


def test_left_over_devices_are_counted(run: Planned) -> None:
    unused = (NodeDevices(node="n-0", devices=(1, 2)), NodeDevices(node="n-1", devices=(3,)))
    plan = run.document.model_copy(update={"unused_devices": unused})
    lines = lines_of(plan_summary(replace(run, document=plan)))
    assert "devices left over: 3, n-0[1-2] n-1[3]" in lines
    without = run.document.model_copy(update={"unused_devices": ()})
    lines = lines_of(plan_summary(replace(run, document=without)))
    assert not any("left over" in line for line in lines)


def test_groups_show_their_devices_memory_and_replicas() -> None:
    run = solved([make.model("m0"), make.model("m1")], [make.profile(shapes=[(1, 2)])])
    rows = rows_of(summary(run), f"Groups ({len(run.document.groups)})")
    # Two models of 2 GB on each device of 10 GB.
    first = run.document.groups[0]
    held = [replica.model for replica in first.replicas]
    memory = f"{20 * len(held)}%"
    replicas = "m0..1" if len(held) == 2 else held[0]
    assert rows[0] == ["g0", "n-0[0-1]", "gpu", "1", "2", memory, replicas]


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
    rows = rows_of(summary(run, result), "Tried (1,234 placements simulated)")
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
    tried = tuple(candidate(run, 0.5, 0.2) for _ in range(module.MAX_ROWS + 5))
    lines = summary(run, replace(run.result, tried=tried, chosen=len(tried) - 1))
    rows = rows_of(lines, "Tried")
    assert rows[0][-1] == "chosen"
    assert len(rows) == module.MAX_ROWS
    assert lines[-1] == "and 5 more attempts"


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
