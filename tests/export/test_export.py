"""Exports against an independent reader of what they have to say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import GB
from tests.export.export_cases import ODD, TARGETS, edited, group, run_export, write_case
from tests.export.export_checker import check_export, short
from tests.export.export_reader import document, started

SHARES = {"llm": 0.3, "long": 0.7}

MIXED = [
    group("g0", (1, 2), [0, 1], "fixed", {"model": ODD, "max_batch_size": 1}),
    group("idle", (1, 1), [2]),
    group(
        "g2",
        (1, 1),
        [3],
        {"model": "llm", "kv_fraction": 0.3},
        {"model": "long", "kv_fraction": 0.7},
    ),
    group("g3", (1, 2), [0, 1], "llm", "long", node="n-1"),
    group("g4", (2, 1), [2, 3], "fixed", node="n-1"),
]

OVER_NODES = [
    group("g0", (4, 2), {"n-0": [0, 1, 2, 3], "n-1": [0, 1, 2, 3]}, "fixed", ODD),
    group("g1", (1, 1), [2], "fixed", node="n-2"),
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["simulator", "batching", "llm"])
def test_plans_of_the_shared_cases(shared_cases: Path, tmp_path: Path, kind: str) -> None:
    lossy = ("process-overhead", "dispatch", "device-order")
    allowed = [word for name in lossy for word in ("--allow-lossy", name)]
    for case in sorted((shared_cases / kind).glob("*/")):
        folder = tmp_path / case.name
        shutil.copytree(case, folder)
        workload = yaml.safe_load((folder / "workload.yaml").read_text())
        loaded = {model["profile"]: {"source": "org/model"} for model in workload["models"]}
        plan = yaml.safe_load((folder / "plan.yaml").read_text())
        parts = [part for each in plan["groups"] for part in each["devices"]]
        nodes = {part["node"]: {"address": "10.0.0.1"} for part in parts}
        for role, key, entries in (("models", "models", loaded), ("nodes", "nodes", nodes)):
            text = yaml.safe_dump({"kind": f"export-{role}", "version": 1, key: entries})
            (folder / f"{role}.yaml").write_text(text)
        run_export(folder, "envoy", "--allow-lossy", "dispatch", output="router")
        check_export(folder / "router", folder, "envoy")
        too_much = any(
            use["used_bytes"] > use["usable_bytes"] for use in document(folder / "router")["memory"]
        )
        run_export(folder, "systemd", *allowed, exit_code=1 if too_much else 0)
        if not too_much:
            check_export(folder / "out", folder, "systemd")


def ids(said: Any) -> dict[str, str]:
    return {entry["id"]: entry["level"] for entry in said["fidelity"]}


@pytest.mark.parametrize("target", TARGETS)
def test_an_export_says_and_starts_what_the_plan_says(tmp_path: Path, target: str) -> None:
    write_case(tmp_path, MIXED, nodes=2, batch=2)
    result = run_export(tmp_path, target)
    said = check_export(tmp_path / "out", tmp_path, target)
    router = {
        "admission": "approximate",
        "ties": "approximate",
        "one-router": "condition",
    }
    engines = {
        "device-sharing": "approximate",
        "batching": "approximate",
        "kv-cache": "condition",
        "stages": "approximate",
        "kv-share": "approximate",
    }
    assert ids(said) == (router if target == "envoy" else router | engines)
    for entry in said["fidelity"]:
        assert (
            f"{entry['id']} ({entry['level']}): {entry['what']}; {entry['target']}" in result.stderr
        )
    slos = {engine["model"]: engine["slo"] for engine in said["engines"]}
    assert slos == {
        "fixed": {"slo_s": 0.5},
        ODD: {"slo_s": 1.0},
        "llm": {"ttft_s": 1.0, "tpot_s": 0.1},
        "long": {"slo_s": 30.0, "ttft_s": 1.0, "tpot_s": 0.1},
    }


@pytest.mark.parametrize("target", ["systemd", "launch"])
def test_groups_over_nodes_have_a_process_on_each(tmp_path: Path, target: str) -> None:
    write_case(tmp_path, OVER_NODES, nodes=3)
    _add_shape(tmp_path, 4, 2)
    run_export(tmp_path, target)
    said = check_export(tmp_path / "out", tmp_path, target)
    assert ids(said)["multi-node"] == "condition"
    found = [(p.name, p.node) for p in started(tmp_path / "out", target)]
    assert sorted(found) == sorted(
        (engine["name"], part["node"]) for engine in said["engines"] for part in engine["devices"]
    )


@pytest.mark.parametrize("target", ["compose", "kubernetes"])
def test_groups_over_nodes_are_refused_or_left_out(tmp_path: Path, target: str) -> None:
    write_case(tmp_path, OVER_NODES, nodes=3)
    _add_shape(tmp_path, 4, 2)
    result = run_export(tmp_path, target, exit_code=1)
    assert "refused: multi-node" in result.stderr
    assert not (tmp_path / "out").exists()
    run_export(tmp_path, target, "--allow-lossy", "multi-node")
    said = document(tmp_path / "out")
    assert ids(said)["multi-node"] == "lost"
    assert [engine["name"] for engine in said["engines"]] == ["n-2-d2-1x1-fixed"]
    assert [g["name"] for g in said["routing"]["groups"]] == ["n-2-d2-1x1"]


def _add_shape(folder: Path, intra_op: int, inter_op: int) -> None:
    """Let the profile p have one more shape, with the stages of another."""
    with edited(folder / "profiles" / "p.yaml") as profile:
        config = next(c for c in profile["configs"] if c["inter_op"] == inter_op)
        profile["configs"].append(config | {"intra_op": intra_op})


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, target: str) -> None:
    write_case(tmp_path, MIXED, nodes=2)
    contents = []
    for output in ("one", "two"):
        run_export(tmp_path, target, output=output)
        folder = tmp_path / output
        contents.append(
            {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        )
    assert contents[0] == contents[1]
    assert not any(str(tmp_path).encode() in content for content in contents[0].values())


def test_names_that_no_backend_takes(tmp_path: Path) -> None:
    pool = 'Ä/"$(x) %n$$'
    node = f"{pool}-0"
    write_case(tmp_path, [group("g0", (1, 1), [0], ODD, "fixed", node=node)], pool=pool)
    for target in TARGETS:
        run_export(tmp_path, target, output=target)
        said = document(tmp_path / target)
        name = short(f"{node}-d0-1x1")
        assert {engine["group"] for engine in said["engines"]} == {name}
        assert said["engines"][0]["name"] == short(f"{name}-{ODD}")
        if target not in ("envoy", "kubernetes"):
            assert {p.args[3] for p in started(tmp_path / target, target)} == {ODD, "fixed"}


def test_layers_are_those_of_the_plan_or_else_of_the_profile(tmp_path: Path) -> None:
    own = [{"layers": [0, 11]}, {"layers": [12, 23]}]
    write_case(
        tmp_path,
        [
            group("g0", (1, 2), [0, 1], {"model": "fixed", "stages": own}),
            group("g1", (1, 1), [2], ODD),
        ],
    )
    with edited(tmp_path / "models.yaml") as models:
        models["models"]["p"] |= {"num_layers": 21, "first_block": 1}
    run_export(tmp_path, "launch")
    said = check_export(tmp_path / "out", tmp_path, "launch")
    assert [engine["layers"] for engine in said["engines"]] == [[11, 10], [21]]
    assert "stages" not in ids(said)


@pytest.mark.parametrize(
    ("num_layers", "first_block", "message"),
    [
        (19, 2, "at most 2 after the last, found 19"),
        (25, 0, "found 25"),
        (21, 3, "at most 2 layers before the first block"),
    ],
)
def test_blocks_that_cannot_be_those_of_the_stages(
    tmp_path: Path, num_layers: int, first_block: int, message: str
) -> None:
    write_case(tmp_path, [group("g0", (1, 2), [0, 1], "fixed")])
    with edited(tmp_path / "models.yaml") as models:
        models["models"]["p"] |= {"num_layers": num_layers, "first_block": first_block}
    assert message in run_export(tmp_path, "launch", exit_code=2).stderr


def test_processes_that_were_planned_as_one(tmp_path: Path) -> None:
    write_case(tmp_path, [group("g0", (1, 1), [0], "fixed", ODD)], overhead_bytes=0)
    with edited(tmp_path / "models.yaml") as models:
        del models["models"]["p"]["kv_cache_bytes"]
    assert "process-overhead (lost)" in run_export(tmp_path, "launch", exit_code=1).stderr
    run_export(tmp_path, "envoy", output="router")
    run_export(tmp_path, "launch", "--allow-lossy", "process-overhead")
    check_export(tmp_path / "out", tmp_path, "launch")


def test_memory_that_is_not_there_is_never_allowed(tmp_path: Path) -> None:
    write_case(tmp_path, [group("g0", (1, 1), [0], "fixed", ODD)], overhead_bytes=0)
    with edited(tmp_path / "profiles" / "p.yaml") as profile:
        for config in profile["configs"]:
            # One after the other they have room on a device of 10 GB, but not side by side.
            config["stage_activation_bytes"] = {1: [4 * GB] * config["inter_op"]}
            config["stage_latency_s"] = {1: config["stage_latency_s"][1]}
    with edited(tmp_path / "models.yaml") as models:
        del models["models"]["p"]["kv_cache_bytes"]
    allowed = ("--allow-lossy", "process-overhead", "--allow-lossy", "memory")
    result = run_export(tmp_path, "launch", *allowed, exit_code=1)
    assert "the processes of 2 engines need 12000000000 bytes" in result.stderr
    assert result.stderr.endswith("refused: memory; nothing is written\n")


def test_a_rule_that_the_router_does_not_have(tmp_path: Path) -> None:
    groups = [group("g0", (1, 1), [0], "fixed"), group("g1", (1, 1), [1], "fixed")]
    write_case(tmp_path, groups, dispatch="earliest-finish", llms=False)
    assert "dispatch (lost)" in run_export(tmp_path, "envoy", exit_code=1).stderr
    run_export(tmp_path, "envoy", "--allow-lossy", "dispatch")
    alone = tmp_path / "alone"
    write_case(alone, groups[:1], dispatch="earliest-finish", llms=False)
    run_export(alone, "envoy")
    assert document(alone / "out")["routing"]["dispatch"] == "earliest-finish"


@pytest.mark.parametrize(
    ("target", "lost"),
    [("compose", True), ("kubernetes", True), ("systemd", False), ("launch", False)],
)
def test_the_order_of_devices(tmp_path: Path, target: str, lost: bool) -> None:
    write_case(tmp_path, [group("g0", (1, 2), [1, 0], "fixed")])
    result = run_export(tmp_path, target, exit_code=1 if lost else 0)
    assert ("device-order (lost)" in result.stderr) == lost
