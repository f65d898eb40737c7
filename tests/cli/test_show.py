"""`alpaplan show`: as far as a plan goes by itself, and with its inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

QUICKSTART = "examples/quickstart/plan.yaml"


def shown(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """Return what `show --format json` prints."""
    found: dict[str, Any] = json.loads(
        workspace.run("show", "plan.yaml", *arguments, "--format", "json").stdout
    )
    return found


@pytest.fixture
def by_hand(workspace: Workspace) -> Workspace:
    """Return a workspace with a plan that has groups and nothing else."""
    workspace.write("plan.yaml", HAND_WRITTEN)
    return workspace


def test_a_plan_written_by_hand_is_shown_as_far_as_it_goes(by_hand: Workspace) -> None:
    result = by_hand.run("show", "plan.yaml")
    assert result.stderr == ""
    for part in ("2 GPUs; 1 group with", "n-0", "left", "Models ("):
        assert part in result.stdout
    found = shown(by_hand)
    assert found["devices"] == {"used": 2, "total": None, "utilization": None}
    assert found["prediction"] is None
    (node,) = found["nodes"]
    assert [device["memory"] for device in node["devices"]] == [None] * 4
    assert found["groups"][0]["memory_fill"] is None


def test_inputs_tell_of_memory_and_of_devices_left_over(by_hand: Workspace) -> None:
    found = shown(by_hand, *INPUTS)
    assert found["devices"]["total"] == 4
    (node,) = found["nodes"]
    assert (node["node"], node["type"]) == ("n-0", "gpu")
    groups = [device["group"] for device in node["devices"]]
    assert groups == ["left", "left", "idle", "idle"]
    # Replicas of 3 GB on each device of two stages, 10 GB usable.
    num_replicas = len(found["groups"][0]["replicas"])
    assert node["devices"][1]["memory"] == {
        "used_bytes": num_replicas * 3_000_000_000,
        "usable_bytes": 10_000_000_000,
        "weight_bytes": num_replicas * 3_000_000_000,
        "kv_bytes": 0,
        "working_bytes": 0,
    }
    assert node["devices"][3]["memory"]["used_bytes"] == 0
    assert found["models"][0]["slo_s"] == 0.5
    assert found["models"][0]["profile"] == "p"


def test_a_plan_with_predictions_promises_them(workspace: Workspace, repository: Path) -> None:
    result = workspace.run("show", str(repository / QUICKSTART))
    for part in ("SLO attainment", "8 of 8 GPUs", "KV caches", "Tokens of", "Tried", "100%"):
        assert part in result.stdout
    found = json.loads(
        workspace.run("show", str(repository / QUICKSTART), "--format", "json").stdout
    )
    assert found["prediction"]["slo_attainment"] > 0.9
    assert {model["replicas"] for model in found["models"]} >= {1}
    for node in found["nodes"]:
        for device in node["devices"]:
            memory = device["memory"]
            parts = ("weight_bytes", "kv_bytes", "working_bytes")
            assert sum(memory[part] for part in parts) == memory["used_bytes"]
            assert 0 < memory["used_bytes"] <= memory["usable_bytes"]
            assert 0 < device["utilization"] <= 1
    caches = [replica["kv_tokens"] for group in found["groups"] for replica in group["replicas"]]
    assert any(caches)


def test_caches_show_how_full_they_get(workspace: Workspace, repository: Path) -> None:
    engine = "{model: a, kv_tokens: 2000, kv_peak_tokens: 1500, preemptions: 3}"
    groups = f"[{{name: left, utilization: 0.25, replicas: [{engine}]}}]"
    prediction = f"prediction: {{slo_attainment: 0.9, groups: {groups}}}\n"
    workspace.write("plan.yaml", HAND_WRITTEN + prediction)
    lines = workspace.run("show", "plan.yaml").stdout.splitlines()
    assert [line.split() for line in lines if "2,000" in line] == [
        ["left", "a", "2,000", "75%", "3"]
    ]


def test_markdown_shows_names_as_they_are(by_hand: Workspace) -> None:
    text = by_hand.run("show", "plan.yaml", *INPUTS, "--format", "markdown").stdout
    assert text.startswith("### plan.yaml\n")
    assert "| node | type |" in text
    assert "- 2 of 4 GPUs" in text


def test_inputs_that_are_gone_are_told_of(workspace: Workspace) -> None:
    made = (
        "provenance: {alpaplan: 0.1.0, method: auto, seed: 0, inputs: ["
        + ", ".join(
            f"{{role: {role}, path: gone/{role}.yaml, sha256: '{'0' * 64}'}}"
            for role in ("cluster", "workload")
        )
        + "]}\n"
    )
    workspace.write("plan.yaml", HAND_WRITTEN + made)
    result = workspace.run("show", "plan.yaml")
    assert "2 of 4 GPUs" in result.stdout
    assert result.stderr.startswith("alpaplan: shown without its inputs: gone/cluster.yaml: ")


def test_inputs_that_do_not_fit_are_an_error(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN.replace("n-0", "elsewhere-0"))
    result = workspace.run("show", "plan.yaml", *INPUTS, exit_code=2)
    assert "elsewhere-0" in result.stderr


@pytest.mark.slow
def test_plots_show_devices_with_and_without_memory(by_hand: Workspace) -> None:
    by_hand.run("show", "plan.yaml", "--plot", "without.svg")
    by_hand.run("show", "plan.yaml", *INPUTS, "--plot", "with.svg")
    for name in ("without.svg", "with.svg"):
        picture = (by_hand.folder / name).read_text(encoding="utf-8")
        for part in ("n-0", "left"):
            assert f">{part}<" in picture
    assert "4 GPUs" in (by_hand.folder / "with.svg").read_text(encoding="utf-8")


def test_a_plot_overwrites_no_input(by_hand: Workspace) -> None:
    (by_hand.folder / "link.svg").symlink_to("plan.yaml")
    result = by_hand.run("show", "plan.yaml", "--plot", "link.svg", exit_code=2)
    assert "an input of this command" in result.stderr
