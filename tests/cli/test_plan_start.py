"""`alpaplan plan --start-from`: plans that keep what runs unless moving is worth it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.workspace import INPUTS, Workspace


@pytest.fixture
def running(workspace: Workspace) -> Workspace:
    """Return a workspace with a plan for two nodes."""
    workspace.replace("cluster.yaml", "count: 1", "count: 2")
    workspace.run_plan("-q", "-o", "old.yaml", "--max-evaluations", "150")
    return workspace


def plan(workspace: Workspace, *arguments: str) -> str:
    settings = ("--max-evaluations", "150", "-o", "new.yaml", *arguments)
    return workspace.run_plan(*settings).stdout


def diff(workspace: Workspace, old: str = "old.yaml") -> dict[str, Any]:
    result = workspace.run("diff", old, "new.yaml", "--format", "json", "--duration", "60s")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_nothing_is_loaded_where_nothing_changed(running: Workspace) -> None:
    shown = plan(running, "--start-from", "old.yaml", "--seed", "7")
    assert "nothing to load beside what runs" in shown
    assert diff(running)["load_bytes"] == []


@pytest.mark.slow
def test_what_runs_stays_where_moving_is_dear(running: Workspace) -> None:
    running.run_plan("-q", "-o", "old.yaml", "--method", "selective-replication")
    plan(running)
    # Else what follows would show nothing.
    assert diff(running)["load_bytes"]
    plan(running, "--start-from", "old.yaml", "--move-cost", "100")
    assert diff(running)["load_bytes"] == []


def test_a_model_that_is_new_is_loaded_beside_what_stays(running: Workspace) -> None:
    entry = "  - {name: d, profile: p, slo_s: 500ms, arrivals: {process: poisson, rate_rps: 5}}\n"
    running.write("workload.yaml", running.read("workload.yaml") + entry)
    plan(running, "--start-from", "old.yaml", "--move-cost", "20")
    found = diff(running)
    loaded = {model for group in found["groups"] for model in group["load"]}
    assert "d" in loaded
    assert sum(len(group["stay"]) for group in found["groups"]) > 0


def test_what_ran_on_a_node_that_is_gone_goes_elsewhere(running: Workspace) -> None:
    running.replace("cluster.yaml", "count: 2", "count: 1")
    plan(running, "--start-from", "old.yaml")
    nodes = {
        item["node"] for group in running.plan("new.yaml")["groups"] for item in group["devices"]
    }
    assert nodes == {"n-0"}


@pytest.mark.slow
def test_moves_are_made_where_they_are_free(running: Workspace) -> None:
    one_replica = """\
kind: placement-plan
version: 1
groups:
  - name: g0
    device: gpu
    intra_op: 1
    inter_op: 1
    devices: [{node: n-1, devices: [3]}]
    replicas: [{model: a}]
"""
    running.write("one.yaml", one_replica)
    plan(running, "--start-from", "one.yaml", "--move-cost", "0")
    free = running.plan("new.yaml")["prediction"]["slo_attainment"]
    plan(running, "--start-from", "one.yaml", "--move-cost", "100")
    dear = running.plan("new.yaml")["prediction"]["slo_attainment"]
    assert dear <= free
    kept = [group for group in diff(running, "one.yaml")["groups"] if group["stay"]]
    assert [group["stay"] for group in kept] == [["a"]]


@pytest.mark.slow
def test_provenance_names_the_start_and_check_goes_on_from_the_plan(running: Workspace) -> None:
    plan(running, "--start-from", "old.yaml", "--move-cost", "2")
    made = running.plan("new.yaml")["provenance"]
    assert made["start"]["move_cost"] == 2
    running.write("old.yaml", "gone")
    running.run("plan", "--check", "new.yaml")
    running.run("plan", "--update", "new.yaml", "-q", "--start-from", "new.yaml")
    assert running.plan("new.yaml")["groups"] is not None


def test_what_it_starts_from_is_not_overwritten(running: Workspace) -> None:
    arguments = ("plan", *INPUTS, "--start-from", "old.yaml", "-o", "old.yaml")
    assert "old.yaml" in running.run(*arguments, exit_code=2).stderr
    running.run("plan", *INPUTS, "--move-cost", "2", exit_code=2)
