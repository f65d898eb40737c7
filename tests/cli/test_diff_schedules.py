"""`alpaplan diff` of schedules: each change of one, and two of them from change to change."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest

from tests.cli.test_diff import group, provenance_of, write_plan
from tests.cli.workspace import Workspace

FIRST = (group("left", [0, 1], "a", "b"), group("rest", [2], "c"))
SECOND = (group("one", [0], "a"), group("two", [3], "b"), group("three", [2], "c"))

TRACE = "arrival_s,model\n0,a\n0,b\n0.01,a\n65,a\n65,a\n65,a\n65,a\n65,a\n65,a\n65,a\n65,a\n66,c\n"


def write_schedule(
    workspace: Workspace, name: str, *placements: tuple[float, tuple[str, ...]], made: bool = True
) -> None:
    """Write a schedule of groups from some times on."""
    listed = "".join(
        f"  - start_s: {start_s}\n    groups:\n{textwrap.indent(''.join(groups), '    ')}"
        for start_s, groups in placements
    )
    said = provenance_of(workspace) if made else ""
    workspace.write(name, f"kind: placement-schedule\nversion: 1\n{said}placements:\n{listed}")


@pytest.fixture
def scheduled(workspace: Workspace) -> Workspace:
    """Return a workspace with a schedule of three placements, and each of two as a plan."""
    write_schedule(workspace, "day.yaml", (0, FIRST), (60, SECOND), (120, FIRST))
    write_plan(workspace, "first.yaml", *FIRST)
    write_plan(workspace, "second.yaml", *SECOND)
    workspace.write("trace.csv", TRACE)
    return workspace


def diff(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """Return the JSON of a diff."""
    result = workspace.run("diff", *arguments, "--format", "json")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def without_hashes(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("old", "new")}


def test_each_change_of_a_schedule_is_the_diff_of_two_plans(scheduled: Workspace) -> None:
    sample = ("--duration", "60s")
    found = diff(scheduled, "day.yaml", *sample)
    assert (found["kind"], found["new"], found["same"]) == ("schedule-diff", None, False)
    assert [(c["start_s"], c["end_s"]) for c in found["changes"]] == [(60, 120), (120, None)]
    plans = diff(scheduled, "first.yaml", "second.yaml", *sample)
    back = diff(scheduled, "second.yaml", "first.yaml", *sample)
    for change, expected in zip(found["changes"], (plans, back), strict=True):
        assert without_hashes(change["diff"]) == without_hashes(expected)


def test_requests_are_those_that_come_while_the_new_placement_is_current(
    scheduled: Workspace,
) -> None:
    first, second = diff(scheduled, "day.yaml", "--trace", "trace.csv")["changes"]
    # Eight requests for `a` at once, of which a queue of one device has time for five, and that of
    # the pipeline for eight; nothing comes after that.
    at_end = {model["name"]: model["slo_attainment"][1] for model in first["diff"]["models"]}
    assert at_end == {"a": 5 / 8, "b": None, "c": 1.0}
    assert all(model["slo_attainment"] == [None, None] for model in second["diff"]["models"])


def test_windows_of_the_processes_are_sampled(scheduled: Workspace) -> None:
    scheduled.replace(
        "workload.yaml",
        "arrivals: {process: poisson, rate_rps: 5}",
        "arrivals: {process: piecewise, windows: [{duration_s: 1min}, "
        "{duration_s: 1min, arrivals: {process: poisson, rate_rps: 5}}]}",
    )
    write_schedule(scheduled, "day.yaml", (0, FIRST), (60, SECOND), (120, FIRST))
    busy, idle = diff(scheduled, "day.yaml", "--duration", "50s")["changes"]
    of_c = [change["diff"]["models"][2]["slo_attainment"] for change in (busy, idle)]
    assert of_c[0][1] is not None
    assert of_c[1] == [None, None]


def test_two_schedules_are_compared_from_each_change_of_either_on(scheduled: Workspace) -> None:
    write_schedule(scheduled, "late.yaml", (0, FIRST), (90, SECOND), (150, FIRST))
    found = diff(scheduled, "day.yaml", "late.yaml", "--trace", "trace.csv")
    assert [(c["start_s"], c["end_s"]) for c in found["changes"]] == [(60, 90), (120, 150)]
    adds = [
        {item["group"] for step in c["diff"]["steps"] for item in step["add"]}
        for c in found["changes"]
    ]
    assert adds == [{"left"}, {"one", "two"}]
    plan = diff(scheduled, "day.yaml", "second.yaml", "--trace", "trace.csv")
    assert [(c["start_s"], c["end_s"]) for c in plan["changes"]] == [(0, 60), (120, None)]
    same = scheduled.run("diff", "day.yaml", "day.yaml", "--exit-code")
    assert same.stdout == "No changes.\n"


def test_tables_and_markdown_have_a_heading_for_each_change(scheduled: Workspace) -> None:
    scheduled.run("diff", "day.yaml", "--exit-code", exit_code=1)
    text = scheduled.run("diff", "day.yaml").stdout
    assert "From 60 s to 120 s\n\nGroups: " in text
    assert "From 120 s\n\nGroups: " in text
    markdown = scheduled.run("diff", "day.yaml", "--format", "markdown").stdout
    assert markdown.startswith("### From 60 s to 120 s\n\nGroups: ")


def test_changes_below_the_floor_and_without_an_order_are_named(scheduled: Workspace) -> None:
    low = scheduled.run(
        *("diff", "day.yaml", "--trace", "trace.csv", "--floor", "attainment=0.9"), exit_code=1
    )
    assert "from 60 s on: below the floor after step" in low.stderr
    swapped = (group("x", [0], "b"), group("y", [1], "a"))
    full = (group("x", [0], "a"), group("y", [1], "b"))
    write_schedule(scheduled, "full.yaml", (0, full), (60, swapped), (120, full))
    stuck = scheduled.run("diff", "full.yaml", exit_code=1)
    assert stuck.stdout == ""
    first, second = stuck.stderr.removeprefix("alpaplan: ").splitlines()
    assert first.startswith("from 60 s on: no order of steps")
    assert second.startswith("from 120 s on: no order of steps")


def test_what_cannot_be_compared_is_refused_with_words(scheduled: Workspace) -> None:
    alone = scheduled.run("diff", "first.yaml", exit_code=2)
    assert "first.yaml: is a plan, which changes nothing by itself" in alone.stderr
    write_schedule(scheduled, "hand.yaml", (0, FIRST), (60, SECOND), made=False)
    hand = scheduled.run("diff", "hand.yaml", exit_code=2)
    assert "hand.yaml:1: must have a provenance" in hand.stderr
    write_schedule(scheduled, "day.yaml", (0, FIRST), (60, (group("one", [0], "bb"),)))
    wrong = scheduled.run("diff", "day.yaml", exit_code=2)
    assert "found 'bb'" in wrong.stderr
    assert "Traceback" not in wrong.stderr
