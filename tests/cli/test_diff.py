"""`alpaplan diff`: what it prints, its exit codes, and plans whose inputs have changed since."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import yaml

from tests.cli.workspace import Workspace
from tests.export.replayed_diff import Document, check

GROUP = """\
  - name: {name}
    device: gpu
    intra_op: 1
    inter_op: {inter_op}
    devices: [{{node: {node}, devices: {devices}}}]
    replicas: [{replicas}]
"""

TRACE = "arrival_s,model\n0,a\n0,b\n0.01,a\n0.02,a\n0.03,a\n0.04,a\n0.05,a\n5,b\n"


def group(name: str, devices: list[int], *models: str, node: str = "n-0") -> str:
    replicas = ", ".join(f"{{model: {model}}}" for model in models)
    return GROUP.format(
        name=name, inter_op=len(devices), node=node, devices=devices, replicas=replicas
    )


def provenance_of(workspace: Workspace) -> str:
    """Return what a plan that was made from what the workspace has now says of that."""
    files = {"cluster": "cluster.yaml", "workload": "workload.yaml", "profile": "profiles/p.yaml"}
    records = "".join(
        f"    - {{role: {role}, path: {path}, "
        f"sha256: '{hashlib.sha256(workspace.read(path).encode()).hexdigest()}'}}\n"
        for role, path in files.items()
    )
    return f"provenance:\n  alpaplan: 0.1.0\n  method: auto\n  seed: 0\n  inputs:\n{records}"


def write_plan(workspace: Workspace, name: str, *groups: str, provenance: bool = True) -> None:
    """Write a plan of some groups, made from what the workspace has now."""
    made = provenance_of(workspace) if provenance else ""
    workspace.write(name, f"kind: placement-plan\nversion: 1\n{made}groups:\n{''.join(groups)}")


@pytest.fixture
def planned(workspace: Workspace) -> Workspace:
    """Return a workspace with a pipeline of two devices and single devices that replace it."""
    workspace.write("trace.csv", TRACE)
    write_plan(workspace, "old.yaml", group("left", [0, 1], "a", "b"), group("rest", [2], "c"))
    write_plan(
        workspace,
        "new.yaml",
        group("one", [0], "a"),
        group("two", [3], "b"),
        group("three", [2], "c"),
    )
    return workspace


def diff(workspace: Workspace, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """Return the JSON of the diff of both plans."""
    result = workspace.run(
        "diff", "old.yaml", "new.yaml", "--format", "json", *arguments, exit_code=exit_code
    )
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_json_of_a_small_roll_out(planned: Workspace) -> None:
    found = diff(planned, "--trace", "trace.csv", "--load-bandwidth", "1GB", "--start-time", "10s")
    assert {key: found[key] for key in ("kind", "version", "same", "outage", "below_floor")} == {
        "kind": "plan-diff",
        "version": 1,
        "same": False,
        "outage": [],
        "below_floor": [],
    }
    sha256 = hashlib.sha256(planned.read("old.yaml").encode()).hexdigest()
    assert found["old"] == {"sha256": sha256}
    assert found["options"] == {
        "load_bandwidth_bytes_per_s": 1_000_000_000,
        "start_time_s": 10.0,
        "drain_time_s": 5.0,
        "floor": {"copies": 1},
        "allow_outage": [],
    }
    assert found["groups"] == [
        {
            "name": "one",
            "old": None,
            "new": "one",
            "change": "regrouped",
            "overlaps": ["left"],
            "device": "gpu",
            "intra_op": 1,
            "inter_op": 1,
            "devices": [{"node": "n-0", "devices": [0]}],
            "stay": [],
            "load": ["a"],
            "unload": [],
        },
        found["groups"][1],
        {**found["groups"][2], "name": "three", "old": "rest", "change": "kept", "stay": ["c"]},
        {**found["groups"][3], "name": "left", "change": "removed", "unload": ["a", "b"]},
    ]
    assert found["groups"][1]["change"] == "new"
    assert found["models"][0] == {
        "name": "a",
        "slo": [{"slo_s": 0.5}, {"slo_s": 0.5}],
        "groups": [["left"], ["one"]],
        "slo_attainment": [1.0, 5 / 6],
    }
    assert found["load_bytes"] == [
        {"node": "n-0", "device": 0, "bytes": 6_000_000_000},
        {"node": "n-0", "device": 3, "bytes": 6_000_000_000},
    ]
    # Both are loaded at once only if the pipeline's device has room for another 6 GB.
    assert [step["do"] for step in found["steps"]] == ["load", "route", "unload"] * 2
    assert found["steps"][0]["add"] == [
        {"plan": "new", "group": "two", "model": "b", "engine": "n-0-d3-1x1-b"}
    ]
    assert found["steps"][0]["seconds"] == pytest.approx(16.0)


def test_what_is_in_use_at_both_ends_attains_what_simulate_says(planned: Workspace) -> None:
    found = diff(planned, "--seed", "3", "--duration", "100s")
    for place, name in enumerate(("old.yaml", "new.yaml")):
        result = planned.run(
            "simulate", name, "--seed", "3", "--duration", "100s", "--format", "json"
        )
        simulated = json.loads(result.stdout)
        assert {model["name"]: model["slo_attainment"][place] for model in found["models"]} == {
            model["name"]: model["slo_attainment"] for model in simulated["models"]
        }
    assert found["steps"][-1]["slo_attainment"] == simulated["slo_attainment"]


def test_a_floor_on_attainment_is_looked_at_after_every_step(planned: Workspace) -> None:
    low = diff(planned, "--trace", "trace.csv", "--floor", "attainment=0.1")
    assert low["below_floor"] == []
    result = planned.run(
        "diff",
        *("old.yaml", "new.yaml", "--trace", "trace.csv", "--floor", "attainment=0.99"),
        exit_code=1,
    )
    assert "Below the floor after step" in result.stdout
    assert "below the floor after step" in result.stderr


def test_two_copies_are_asked_for(planned: Workspace) -> None:
    found = diff(planned, "--trace", "trace.csv", "--floor", "copies=2", exit_code=1)
    assert found["below_floor"] == [step["step"] for step in found["steps"]]


def test_plans_that_differ_exit_with_1_if_asked(planned: Workspace) -> None:
    arguments = ("diff", "old.yaml", "new.yaml", "--trace", "trace.csv")
    planned.run(*arguments)
    planned.run(*arguments, "--exit-code", exit_code=1)
    same = planned.run("diff", "old.yaml", "old.yaml", "--exit-code", "--trace", "trace.csv")
    assert same.stdout == "No changes.\n"


def test_markdown_has_tables(planned: Workspace) -> None:
    arguments = ("diff", "old.yaml", "new.yaml", "--trace", "trace.csv", "--format", "markdown")
    text = planned.run(*arguments).stdout
    assert "\n| group | was | change |" in text
    assert "| 1 | load | +two: b | 6 GB |" in text
    assert "\x1b" not in text
    same = planned.run("diff", "old.yaml", "old.yaml", *arguments[3:])
    assert same.stdout == "No changes.\n"


def test_no_order_exits_with_1_and_prints_nothing_else(planned: Workspace) -> None:
    write_plan(planned, "old.yaml", group("x", [0], "a"), group("y", [1], "b"))
    write_plan(planned, "new.yaml", group("x", [0], "b"), group("y", [1], "a"))
    result = planned.run("diff", "old.yaml", "new.yaml", exit_code=1)
    assert result.stdout == ""
    assert "no order of steps" in result.stderr
    assert "--allow-outage a" in result.stderr
    found = diff(planned, "--allow-outage", "a")
    assert found["outage"] == ["a"]


def test_a_model_that_is_in_neither_plan_cannot_go_down(planned: Workspace) -> None:
    result = planned.run("diff", "old.yaml", "new.yaml", "--allow-outage", "aa", exit_code=2)
    assert "found 'aa'; did you mean 'a'?" in result.stderr


def test_a_plan_written_by_hand_is_for_what_the_other_one_is(planned: Workspace) -> None:
    write_plan(planned, "old.yaml", group("left", [0, 1], "a", "b"), provenance=False)
    assert [model["name"] for model in diff(planned)["models"]] == ["a", "b", "c"]
    write_plan(planned, "new.yaml", group("left", [0, 1], "a"), provenance=False)
    result = planned.run("diff", "old.yaml", "new.yaml", exit_code=2)
    for name in ("old.yaml", "new.yaml"):
        assert f"{name}:1: must have a provenance" in result.stderr


def test_a_plan_whose_workload_was_renewed_in_place(planned: Workspace) -> None:
    old = planned.read("old.yaml") + (
        "models:\n"
        "  - {name: a, profile: p, slo_s: 0.5}\n"
        "  - {name: b, profile: p, slo_s: 0.5}\n"
        "  - {name: c, profile: p, slo_s: 0.4}\n"
    )
    planned.write("old.yaml", old)
    workload = planned.read("workload.yaml").splitlines(keepends=True)
    planned.write("workload.yaml", "".join(line for line in workload if "name: b" not in line))
    write_plan(planned, "new.yaml", group("one", [0], "a"), group("three", [2], "c"))
    found = diff(planned, "--trace", "trace.csv")
    models = {model["name"]: model for model in found["models"]}
    assert models["b"]["slo"] == [{"slo_s": 0.5}, None]
    assert models["b"]["slo_attainment"] == [None, None]
    assert models["c"]["slo"] == [{"slo_s": 0.4}, {"slo_s": 0.5}]
    # Requests for b do not count.
    assert found["steps"][-1]["slo_attainment"] == 5 / 6


def test_a_node_that_is_gone(planned: Workspace) -> None:
    planned.replace("cluster.yaml", "count: 1", "count: 2")
    write_plan(planned, "old.yaml", group("x", [0], "a", node="n-1"), group("y", [1], "b"))
    planned.replace("cluster.yaml", "count: 2", "count: 1")
    write_plan(planned, "new.yaml", group("x", [0], "a"), group("y", [1], "b"))
    found = diff(planned, "--trace", "trace.csv")
    assert [step["do"] for step in found["steps"]] == ["load", "route", "unload"]


def test_json_that_an_independent_check_replays(planned: Workspace) -> None:
    profile: dict[str, Any] = {"p": yaml.safe_load(planned.read("profiles/p.yaml"))}
    for config in profile["p"]["configs"]:
        config["stage_weight_bytes"] = [
            int(float(each.removesuffix("GB")) * 10**9) for each in config["stage_weight_bytes"]
        ]
        config["stage_activation_bytes"] = {1: [0] * config["inter_op"]}
    cluster: dict[str, Any] = {
        "node_pools": [
            {"name": "n", "count": 1, "device_memory_bytes": 10**10, "reserved_memory_bytes": 0}
        ],
        "serving": {"process_overhead_bytes": 0},
    }
    of_models: dict[str, dict[str, Any]] = dict.fromkeys("abc", profile["p"])
    old, new = (
        Document(
            yaml.safe_load(planned.read(name))["groups"],
            of_models,
            cluster,
        )
        for name in ("old.yaml", "new.yaml")
    )
    check(diff(planned), old, new)
