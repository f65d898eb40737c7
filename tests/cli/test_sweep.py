"""`alpaplan sweep`: a grid of plans, taken up from its folder, as table, CSV, JSON and plot."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.cli.workspace import INPUTS, Workspace

FEW = ("--max-evaluations", "10", "-j", "1", "-o", "swept")


@pytest.mark.slow
def test_every_point_by_every_method(workspace: Workspace) -> None:
    by = ("--method", "greedy", "--method", "auto")
    command = ("sweep", *INPUTS, *FEW, *by, "--axis", "slo=1..2/2")
    found = json.loads(workspace.run(*command, "--format", "json", "--plot", "curves.svg").stdout)
    points = found["points"]
    assert [(point["method"], point["value"]) for point in points] == [
        ("greedy", 1.0),
        ("greedy", 2.0),
        ("auto", 1.0),
        ("auto", 2.0),
    ]
    assert found["unit"]["rate_rps"] == pytest.approx(26)
    for point in points:
        low, high = point["confidence_interval_95"]
        assert low <= point["slo_attainment"] <= high
        assert set(point["latency_s"]) == {"mean", "p50", "p90", "p99"}
        made = workspace.plan(point["plan"])
        assert made["prediction"]["slo_attainment"] == point["slo_attainment"]
        assert made["provenance"].get("varied") == (None if point["value"] == 1 else {"slo": 2.0})
    assert points[1]["slo_attainment"] > points[0]["slo_attainment"]
    assert b"greedy" in (workspace.folder / "curves.svg").read_bytes()
    lines = [json.loads(line) for line in workspace.read("swept/points.jsonl").splitlines()]
    assert {(line["method"], line["value"]) for line in lines} >= {("auto", 2.0), ("greedy", 1.0)}
    rows = list(csv.DictReader(io.StringIO(workspace.run(*command, "--format", "csv").stdout)))
    assert [float(row["value"]) for row in rows] == [1, 2, 1, 2]
    assert float(rows[0]["latency_p99_s"]) == points[0]["latency_s"]["p99"]


@pytest.mark.slow
def test_what_is_there_is_taken_up(workspace: Workspace) -> None:
    command = ("sweep", *INPUTS, *FEW, "--axis", "rate=1,2")
    first = workspace.run(*command).stdout
    made = {path: path.stat().st_mtime_ns for path in (workspace.folder / "swept/plans").iterdir()}
    # Without progress the table is still the result.
    assert workspace.run(*command, "-q").stdout == first
    assert {path: path.stat().st_mtime_ns for path in made} == made
    (changed,) = (path for path in made if "rate-2" in path.name)
    text = changed.read_text()
    changed.write_text(text.replace("prediction:", "prediction: # touched"))
    assert workspace.run(*command).stdout == first
    assert changed.read_text() == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"key": "k", "plan": null}\n{"a": 1}\n', ":2: must be a point of an earlier run"),
        (b"measured 3 points\n", ":1: must be a point of an earlier run, found 'measured"),
        (b"\xff\xfe", ":1: must be UTF-8 text, found byte 0xff"),
    ],
)
def test_points_of_somebody_else_are_not_overwritten(
    workspace: Workspace, content: bytes, message: str
) -> None:
    points = workspace.folder / "swept" / "points.jsonl"
    points.parent.mkdir()
    points.write_bytes(content)
    result = workspace.run("sweep", *INPUTS, *FEW, "--axis", "rate=1", exit_code=2)
    assert f"swept/points.jsonl{message}" in result.stderr
    assert points.read_bytes() == content


def test_points_without_an_end_are_not_read(workspace: Workspace) -> None:
    (workspace.folder / "swept").mkdir()
    (workspace.folder / "swept" / "points.jsonl").symlink_to("/dev/zero")
    result = workspace.run("sweep", *INPUTS, *FEW, "--axis", "rate=1", exit_code=2)
    assert "swept/points.jsonl: must be at most 67,108,864 bytes" in result.stderr


def test_numbers_of_nodes_without_a_plan_have_a_reason(workspace: Workspace) -> None:
    workspace.replace("profiles/p.yaml", "[6GB]", "[60GB]")
    workspace.replace("profiles/p.yaml", "[3GB]", "[30GB]")
    workspace.replace("profiles/p.yaml", "[3GB, 3GB]", "[30GB, 30GB]")
    shown = workspace.run("sweep", *INPUTS, *FEW, "--axis", "nodes=1,2").stdout
    assert "nodes 2, auto: no feasible placement" in " ".join(shown.split())


@pytest.mark.slow
def test_clockwork_is_a_curve_without_plans(workspace: Workspace) -> None:
    by = ("--method", "clockwork++", "--method", "greedy")
    command = ("sweep", *INPUTS, *FEW, *by, "--axis", "rate=0.5,2", "--window", "30s")
    found = json.loads(workspace.run(*command, "--format", "json", "--plot", "curves.svg").stdout)
    few, many = (point for point in found["points"] if point["method"] == "clockwork++")
    assert few["plan"] is many["plan"] is few["latency_s"] is None
    assert few["slo_attainment"] > many["slo_attainment"]
    low, high = many["confidence_interval_95"]
    assert low < many["slo_attainment"] < high
    assert many["goodput_rps"] == pytest.approx(2 * 26 * many["slo_attainment"], rel=0.05)
    assert b"clockwork++" in (workspace.folder / "curves.svg").read_bytes()


def test_windows_are_for_clockwork(workspace: Workspace) -> None:
    command = ("sweep", *INPUTS, *FEW, "--axis", "rate=1", "--window", "60s")
    assert "--window is for --method clockwork++" in workspace.run(*command, exit_code=2).stderr


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("rate", "must be like rate=0.5,1,2 or cv=1..8/8, found 'rate'"),
        ("rats=1", "axis must be one of rate, cv, slo, nodes, found 'rats'; did you mean 'rate'?"),
        ("rate=0", "must be above 0"),
        ("rate=1..2", "a range must have its number of points"),
        ("rate=1..2/1", "must be from 2 to 1,000, found '1'"),
        ("rate=100", "factors of rate must be from 0.01562 to 64, found 100"),
        ("nodes=1.5", "nodes must be whole numbers from 1, found 1.5"),
    ],
)
def test_what_is_wrong_is_said(workspace: Workspace, axis: str, message: str) -> None:
    result = workspace.run("sweep", *INPUTS, *FEW, "--axis", axis, exit_code=2)
    assert message in " ".join(result.stderr.split())


def test_a_folder_is_needed(workspace: Workspace) -> None:
    result = workspace.run("sweep", *INPUTS, "--axis", "rate=1", exit_code=2)
    assert "'-o' / '--output'" in result.stderr
