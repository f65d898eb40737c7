"""Exports of schedules: each placement as if it were a plan, and the steps in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.workspace import Workspace
from tests.export.export_cases import TARGETS, edited, group, run_export, write_case
from tests.export.export_reader import document

PLACEMENTS = {
    0.0: [group("g0", (1, 1), [0], "fixed")],
    3600.0: [group("g0", (1, 1), [0], "fixed"), group("g1", (1, 2), [2, 3], "llm")],
    7200.5: [group("g2", (1, 1), [1], "fixed"), group("g1", (1, 2), [2, 3], "llm")],
}
FOLDERS = ["1-from-0s", "2-from-3600s", "3-from-7200.5s"]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Return the folder of a case with a schedule in place of its plan."""
    write_case(tmp_path, [])
    placements = [{"start_s": at_s, "groups": groups} for at_s, groups in PLACEMENTS.items()]
    data = {"kind": "placement-schedule", "version": 1, "placements": placements}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return tmp_path


def as_plan(case: Path, index: int) -> Path:
    """Write a placement of the schedule as a plan, in a folder beside the same inputs."""
    folder = case.parent / f"{case.name}-{index}"
    write_case(folder, [])
    schedule = yaml.safe_load((case / "plan.yaml").read_text(encoding="utf-8"))
    with edited(folder / "plan.yaml") as plan:
        plan["groups"] = schedule["placements"][index]["groups"]
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_each_placement_is_exported_as_a_plan(case: Path, target: str) -> None:
    run_export(case, target)
    previous: tuple[str, ...] = ()
    for index, name in enumerate(FOLDERS):
        alone = as_plan(case, index)
        run_export(alone, target, *previous)
        previous = ("--previous", str(alone / "out" / "alpaplan-export.json"))
        exported = case / "out" / name
        found, expected = document(exported), document(alone / "out")
        assert found["plan"] != expected["plan"]
        if index < 2:  # an engine keeps a port that it had before the placement just before, too
            assert {k: v for k, v in found.items() if k != "plan"} == {
                k: v for k, v in expected.items() if k != "plan"
            }
        for listed in found["files"]:
            assert (exported / listed["path"]).is_file()


def test_the_document_lists_placements_ports_and_files(case: Path) -> None:
    run_export(case, "compose")
    found = document(case / "out")
    assert found["kind"] == "schedule-export"
    assert found["placements"] == [
        {"start_s": 0.0, "folder": "1-from-0s", "steps": None},
        {"start_s": 3600.0, "folder": "2-from-3600s", "steps": "2-steps.json"},
        {"start_s": 7200.5, "folder": "3-from-7200.5s", "steps": "3-steps.json"},
    ]
    listed = {file["path"] for file in found["files"]} | {"alpaplan-export.json"}
    there = {p.relative_to(case / "out").as_posix() for p in (case / "out").rglob("*")}
    assert listed == {path for path in there if (case / "out" / path).is_file()}
    ports = {engine["name"]: engine["port"] for engine in found["engines"]}
    assert len(set(ports.values())) == len(ports) == 3
    for name in FOLDERS:
        for engine in document(case / "out" / name)["engines"]:
            assert engine["port"] == ports[engine["name"]]


def test_steps_name_engines_of_both_folders(case: Path) -> None:
    run_export(case, "launch")
    for number in (2, 3):
        steps = json.loads((case / "out" / f"{number}-steps.json").read_text())
        assert steps["kind"] == "plan-diff"
        engines = {
            "old": {e["name"] for e in document(case / "out" / FOLDERS[number - 2])["engines"]},
            "new": {e["name"] for e in document(case / "out" / FOLDERS[number - 1])["engines"]},
        }
        items = [item for step in steps["steps"] for item in (*step["add"], *step["remove"])]
        assert items
        for item in items:
            assert item["engine"] in engines[item["plan"]]


def test_an_export_is_checked_renewed_and_replaced_as_a_whole(case: Path) -> None:
    run_export(case, "compose")
    assert "current" in run_export(case, "compose", "--check").stdout
    (case / "out" / "2-steps.json").write_text("{}")
    (case / "out" / "note.txt").write_text("mine")
    stale = run_export(case, "compose", "--check", exit_code=1)
    assert "2-steps.json: differs" in stale.stdout
    with edited(case / "plan.yaml") as schedule:
        del schedule["placements"][1]
    run_export(case, "compose")
    left = {path.name for path in (case / "out").iterdir()}
    assert left == {
        *("1-from-0s", "2-from-7200.5s", "2-steps.json", "alpaplan-export.json", "note.txt")
    }


def test_a_change_without_room_takes_models_out_for_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    full = "kind: placement-schedule\nversion: 1\nplacements:\n"
    for start_s, models in ((0, "ab"), (60, "ba")):
        full += f"  - start_s: {start_s}\n    groups:\n"
        for device, model in enumerate(models):
            full += (
                f"      - {{name: g{device}, device: gpu, intra_op: 1, inter_op: 1, devices: "
                f"[{{node: n-0, devices: [{device}]}}], replicas: [{{model: {model}}}]}}\n"
            )
    workspace.write("swap.yaml", full)
    inputs = ("-c", "cluster.yaml", "-w", "workload.yaml", "-p", "profiles")
    result = workspace.run("export", "swap.yaml", "--to", "envoy", "-o", "out", *inputs)
    steps = json.loads(workspace.read("out/2-steps.json"))
    assert len(steps["outage"]) == 1
    model = steps["outage"][0]
    assert f"from 60 s on: no replica of model {model!r} is in use for a time" in result.stderr
