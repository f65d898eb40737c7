"""`alpaplan plan --check`: whether a committed plan is current."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.workspace import HAND_WRITTEN, Workspace


@pytest.fixture
def committed(workspace: Workspace) -> Workspace:
    """Return a workspace with a plan that was made with settings of its own."""
    settings = ("--seed", "3", "--max-evaluations", "60", "--method", "greedy")
    workspace.run_plan("-q", "-o", "plan.yaml", *settings)
    return workspace


def test_a_current_plan(committed: Workspace) -> None:
    result = committed.run("plan", "--check", "plan.yaml")
    assert (result.stdout, result.stderr) == ("plan.yaml: current\n", "")


def test_check_as_a_flag_beside_output(committed: Workspace) -> None:
    before = committed.read("plan.yaml")
    assert committed.run_plan("--check", "-o", "plan.yaml").stdout == "plan.yaml: current\n"
    assert committed.read("plan.yaml") == before


def test_another_working_folder(committed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(committed.folder.parent)
    assert committed.run("plan", "--check", "work/plan.yaml").stdout == "work/plan.yaml: current\n"


def test_changed_inputs_make_it_stale(committed: Workspace) -> None:
    before = committed.read("plan.yaml")
    committed.replace("cluster.yaml", "count: 1", "count: 2")
    result = committed.run("plan", "--check", "plan.yaml", exit_code=1)
    lines = result.stdout.splitlines()
    assert lines[0] == "plan.yaml: stale"
    assert "  input cluster.yaml: cluster has changed since planning" in lines
    assert any(line.startswith("  group g2: new: gpu n-1[0-1]") for line in lines)
    assert any(line.startswith("  prediction: attainment was ") for line in lines)
    assert committed.read("plan.yaml") == before


def test_a_comment_makes_it_stale_and_nothing_else_differs(committed: Workspace) -> None:
    committed.write("workload.yaml", committed.read("workload.yaml") + "# more to come\n")
    result = committed.run("plan", "--check", "plan.yaml", exit_code=1)
    assert result.stdout.splitlines() == [
        "plan.yaml: stale",
        "  input workload.yaml: workload has changed since planning",
    ]


def test_an_edited_plan_is_stale(committed: Workspace) -> None:
    first = re.search(r"  - \{model: \w+\}\n", committed.read("plan.yaml"))
    assert first is not None
    committed.write("plan.yaml", committed.read("plan.yaml").replace(first.group(), "", 1))
    result = committed.run("plan", "--check", "plan.yaml", exit_code=1)
    (line,) = result.stdout.splitlines()[1:]
    assert line.startswith("  group g0: was ")
    assert ", is now " in line


def test_other_settings_make_it_stale(committed: Workspace) -> None:
    result = committed.run("plan", "--check", "plan.yaml", "--seed", "4", exit_code=1)
    assert "  seed: was 3, is now 4" in result.stdout.splitlines()


def test_another_version_that_finds_the_same_is_current(committed: Workspace) -> None:
    text = re.sub(r"alpaplan: \S+", "alpaplan: 0.0.1", committed.read("plan.yaml"))
    committed.write("plan.yaml", text)
    committed.run("plan", "--check", "plan.yaml")


def test_required_attainment_is_checked_too(committed: Workspace) -> None:
    check = ("plan", "--check", "plan.yaml", "--require-attainment")
    committed.run(*check, "0.5")
    assert "is below the required 1" in committed.run(*check, "1", exit_code=1).stderr


def test_a_plan_without_provenance_cannot_be_checked(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    result = workspace.run("plan", "--check", "plan.yaml", exit_code=2)
    assert result.stderr.startswith(
        "plan.yaml:1: must have a provenance to be made again, found none"
    )


def test_a_plan_that_the_clock_ended_cannot_be_checked(workspace: Workspace) -> None:
    workspace.run_plan("-q", "-o", "plan.yaml", "--time-limit", "1us")
    result = workspace.run("plan", "--check", "plan.yaml", exit_code=2)
    assert "provenance.stopped_early: was ended by time-limit" in result.stderr
    assert "limit it with --max-evaluations instead" in result.stderr


def test_a_missing_input_is_named(committed: Workspace) -> None:
    Path("workload.yaml").unlink()
    result = committed.run("plan", "--check", "plan.yaml", exit_code=2)
    assert "workload.yaml: no such file" in result.stderr


def test_a_missing_plan_is_named(workspace: Workspace) -> None:
    result = workspace.run_plan("--check", "-o", "plan.yaml", exit_code=2)
    assert "plan.yaml: no such file" in result.stderr


def test_what_would_change_as_markdown(committed: Workspace) -> None:
    current = committed.run("plan", "--check", "plan.yaml", "--format", "markdown")
    assert current.stdout == "**plan.yaml** is current.\n"
    committed.replace("cluster.yaml", "count: 1", "count: 2")
    stale = committed.run("plan", "--check", "plan.yaml", "--format", "markdown", exit_code=1)
    lines = stale.stdout.splitlines()
    assert lines[:3] == [
        "**plan.yaml** is stale.",
        "",
        "- input cluster.yaml: cluster has changed since planning",
    ]
    assert "**Steps**" in lines
    as_json = committed.run("plan", "--check", "plan.yaml", "--format", "json", exit_code=1)
    assert json.loads(as_json.stdout)["stale"] is True


def test_update_writes_in_place_what_check_asks_for(committed: Workspace) -> None:
    before = committed.read("plan.yaml")
    committed.run("plan", "--update", "plan.yaml", "-q")
    assert committed.read("plan.yaml") == before
    committed.replace("cluster.yaml", "count: 1", "count: 2")
    committed.run("plan", "--update", "plan.yaml", "-q")
    assert committed.read("plan.yaml") != before
    committed.run("plan", "--check", "plan.yaml")
    made = committed.plan()["provenance"]
    assert (made["seed"], made["method"], made["max_evaluations"]) == (3, "greedy", 60)


def test_update_and_check_are_for_one_plan(committed: Workspace) -> None:
    for arguments in (
        ("--update", "plan.yaml", "--check", "plan.yaml"),
        ("--update", "plan.yaml", "-o", "other.yaml"),
        ("--format", "json"),
    ):
        committed.run("plan", *arguments, exit_code=2)
