"""`alpaplan schedule`: the document, and the figures beside each other."""

from __future__ import annotations

import json

import pytest

from tests.cli.workspace import CLUSTER, INPUTS, Workspace

CLOCKWORK = ("schedule", *INPUTS, "--method", "clockwork++", "--window", "5s")


@pytest.fixture
def loading(workspace: Workspace) -> Workspace:
    """Return a workspace whose devices load at 3 GB/s."""
    cluster = CLUSTER.replace("10GB}", "10GB, load_bandwidth_bytes_per_s: 3GB}")
    workspace.write("cluster.yaml", cluster + "serving: {load_overhead_s: 1s}\n")
    return workspace


def test_clockwork_has_its_four_figures_beside_each_other(loading: Workspace) -> None:
    result = loading.run(
        *CLOCKWORK, "--duration", "3min", "-o", "schedule.yaml", "--format", "json"
    )
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    rows = [(row["name"], row["planned_on"], row["loads"]) for row in found["figures"]]
    assert rows == [
        ("as published", "the window itself", "none: idle groups each window"),
        ("clockwork++", "the window itself", "0 s"),
        ("clockwork++", "the window itself", "3 GB/s + 1 s"),
        ("clockwork++, causal", "the window before", "0 s"),
        ("clockwork++, causal", "the window before", "3 GB/s + 1 s"),
    ]
    attained = [row["attained"] for row in found["figures"]]
    assert attained[1] >= attained[2] >= attained[4]
    # What is written is what can be run: the last of them.
    simulated = loading.run("simulate", "schedule.yaml", "--duration", "3min", "--format", "json")
    assert json.loads(simulated.stdout)["attained"] == attained[4]
    placed, again = found["placements"], json.loads(simulated.stdout)["placements"]
    assert len(placed) == len(again) > 10
    for mine, other in zip(placed, again, strict=True):
        assert {
            key: mine[key] for key in ("start_s", "requests", "attained")
        }.items() <= other.items()


def test_foresight_writes_the_schedule_that_knows_the_future(loading: Workspace) -> None:
    arguments = (*CLOCKWORK, "--duration", "3min", "-o", "schedule.yaml", "--format", "json")
    figures = json.loads(loading.run(*arguments, "--foresight").stdout)["figures"]
    simulated = loading.run("simulate", "schedule.yaml", "--duration", "3min", "--format", "json")
    assert json.loads(simulated.stdout)["attained"] == figures[2]["attained"]
    assert "foresight: true" in (loading.folder / "schedule.yaml").read_text()


def test_without_load_times_there_are_no_figures_with_them(workspace: Workspace) -> None:
    result = workspace.run(*CLOCKWORK, "--duration", "1min", "-o", "schedule.yaml")
    assert result.exit_code == 0
    assert "GB/s" not in result.stdout
    assert "clockwork++, causal" in result.stdout


def test_a_schedule_on_standard_output_is_alone_there(workspace: Workspace) -> None:
    result = workspace.run(*CLOCKWORK, "--duration", "1min")
    assert result.stdout.startswith("kind: placement-schedule\n")
    assert "as published" in result.stderr


def test_models_have_to_run_on_single_devices(workspace: Workspace) -> None:
    workspace.replace(
        "profiles/p.yaml",
        "intra_op: 1\n    inter_op: 1\n    stage_weight_bytes: [6GB]",
        "intra_op: 2\n    inter_op: 2\n    stage_weight_bytes: [1GB, 1GB]",
    )
    workspace.replace("profiles/p.yaml", "{1: [100ms]}", "{1: [30ms, 30ms]}")
    result = workspace.run(*CLOCKWORK, exit_code=2)
    assert "places models on single devices, which none runs on" in result.stderr
