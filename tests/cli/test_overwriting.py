"""No command writes over what it reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.runner import COMMANDS
from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

TRACE = "arrival_s,model\n0.5,a\n1.5,b\n3.5,a\n4.5,c\n"

RECORDED = """\
kind: workload
version: 1
name: recorded
models:
  - {name: a, profile: p, slo_s: 500ms, arrivals: {process: trace, path: t.csv}}
"""

LAYERS = """\
kind: layer-profile
version: 1
name: p
device: gpu
link: {latency_s: 10us, bandwidth_bytes_per_s: 12GB}
layers:
  - name: block
    weight_bytes: 160MB
    latency_s: {1: {1: 7.4ms}}
    output_bytes: {1: 4MB}
"""

TABLE = """\
model,device,intra_op,inter_op,stage,batch_size,latency_s,weight_bytes
q,gpu,1,1,0,1,0.1,1000000
"""

PLAN = ("plan", *INPUTS, "-q", "--max-evaluations", "5", "-j", "1")
SIZE = ("size", *INPUTS, "--target", "0.9", "--axis", "rate", "--max-evaluations", "5", "-q")
SWEEP = ("sweep", *INPUTS, "--axis", "rate=1", "--max-evaluations", "5", "-q", "-o", "points")
RECORDED_INPUTS = ("-c", "cluster.yaml", "-w", "recorded.yaml", "-p", "profiles")

SCHEDULE = ("schedule", *RECORDED_INPUTS, "--window", "2s", "--effort", "low", "-q")

CASES: dict[str, tuple[str, ...]] = {
    "cluster.yaml": (*PLAN, "-o"),
    "workload.yaml": (*PLAN, "-o"),
    "profiles/p.yaml": (*PLAN, "-o"),
    "profiles/unused.yaml": (*PLAN, "-o"),
    "t.csv": (*PLAN, "--trace", "t.csv", "-o"),
    "t.csv recorded": ("plan", *RECORDED_INPUTS, "-q", "-o"),
    "t.csv replaced": ("plan", *RECORDED_INPUTS, "--trace", "one.csv", "-q", "-o"),
    "t.csv import": ("workload", "import", "t.csv", "--from", "csv", "-o"),
    "assign.csv": (
        *("workload", "import", "t.csv", "--from", "csv", "--assign", "assign.csv"),
        "-o",
    ),
    "workload.yaml import": (
        *("workload", "import", "t.csv", "--from", "csv", "--assign", "assign.csv"),
        *("--models", "workload.yaml", "-o"),
    ),
    "t.csv fit": ("workload", "fit", "t.csv", "-o"),
    "workload.yaml fit": ("workload", "fit", "t.csv", "--models", "workload.yaml", "-o"),
    "workload.yaml generate": ("workload", "generate", "workload.yaml", "--duration", "9s", "-o"),
    "t.csv generate": ("workload", "generate", "recorded.yaml", "--duration", "9s", "-o"),
    "layers.yaml": ("profile", "partition", "layers.yaml", "-o"),
    "config.json": (
        *("profile", "estimate", "config.json", "--device", "h100-sxm", "--input-len", "8"),
        "-o",
    ),
    "workload.yaml analyze": ("analyze", *INPUTS, "--plot"),
    "profiles/p.yaml analyze": ("analyze", *INPUTS, "--plot"),
    "hand.yaml show": ("show", "hand.yaml", "--plot"),
    "workload.yaml show": ("show", "hand.yaml", *INPUTS, "--plot"),
    "profiles/p.yaml report": ("report", "hand.yaml", *INPUTS, "-o"),
    "hand.yaml report": ("report", "hand.yaml", "-o"),
    "hand.yaml": ("simulate", "hand.yaml", *INPUTS, "--window", "9s", "--plot"),
    "cluster.yaml simulate": ("simulate", "hand.yaml", *INPUTS, "--window", "9s", "--plot"),
    "t.csv simulate": (
        *("simulate", "hand.yaml", *INPUTS, "--trace", "t.csv", "--window", "9s"),
        "--plot",
    ),
    "t.csv stats": ("workload", "stats", "recorded.yaml", "--plot"),
    "recorded.yaml": ("workload", "stats", "recorded.yaml", "--plot"),
    "profiles/p.yaml show": ("profile", "show", "profiles", "--plot"),
    "workload.yaml size": (*SIZE, "--plot"),
    "profiles/p.yaml size": (*SIZE, "--plot"),
    "workload.yaml sweep": (*SWEEP, "--plot"),
    "cluster.yaml schedule": (*SCHEDULE, "-o"),
    "t.csv schedule": (*SCHEDULE, "-o"),
}
"""Input, and what tells cases apart -> a command that reads it, up to the name of its output."""


@pytest.fixture
def inputs(workspace: Workspace) -> Workspace:
    """Return a folder with inputs of all kinds."""
    files = {
        "t.csv": TRACE,
        "one.csv": "arrival_s,model\n0.5,a\n1.5,a\n",
        "assign.csv": "function,model\na,a\nb,b\nc,c\n",
        "recorded.yaml": RECORDED,
        "layers.yaml": LAYERS,
        "config.json": "{}",
        "hand.yaml": HAND_WRITTEN,
        "table.csv": TABLE,
    }
    for name, text in files.items():
        workspace.write(name, text)
    profile = workspace.read("profiles/p.yaml")
    workspace.write("profiles/unused.yaml", profile.replace("name: p", "name: unused"))
    return workspace


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "itself": lambda _link, _file: None,
    "symlink": lambda link, file: link.symlink_to(file),
    "hard link": lambda link, file: link.hardlink_to(file),
}


@pytest.mark.parametrize("way", LINKS)
@pytest.mark.parametrize("case", CASES)
def test_an_input_is_not_overwritten(inputs: Workspace, case: str, way: str) -> None:
    name, arguments = case.split(maxsplit=1)[0], CASES[case]
    ending = ".svg" if arguments[-1] == "--plot" else Path(name).suffix
    if way == "itself" and ending != Path(name).suffix:
        return  # a plot cannot have that name
    output = name if way == "itself" else f"output{ending}"
    LINKS[way](inputs.folder / output, (inputs.folder / name).resolve())
    before = {path: path.read_bytes() for path in inputs.folder.rglob("*") if path.is_file()}
    result = inputs.run(*arguments, output, exit_code=2)
    assert f"{output}: cannot be written: it is " in result.stderr
    assert "an input of this command" in result.stderr
    assert {
        path: path.read_bytes() for path in inputs.folder.rglob("*") if path.is_file()
    } == before


def test_a_table_in_the_folder_of_its_profiles_is_not_overwritten(inputs: Workspace) -> None:
    (inputs.folder / "made").mkdir()
    inputs.write("made/q.yaml", TABLE)
    arguments = ("profile", "import", "made/q.yaml", "--from", "table", "-o", "made")
    result = inputs.run(*arguments, exit_code=2)
    assert "made/q.yaml: cannot be written: it is an input of this command" in result.stderr
    assert inputs.read("made/q.yaml") == TABLE


def test_a_plan_among_the_profiles_can_be_renewed(inputs: Workspace) -> None:
    for _ in range(2):
        inputs.run(*PLAN, "-o", "profiles/plan.yaml")
    assert inputs.read("profiles/plan.yaml").startswith("kind: placement-plan")


INTO_FOLDERS: dict[str, tuple[str, ...]] = {
    "from-0s.yaml": (*SCHEDULE, "-o", "schedule.yaml", "--plans"),
    "rate-auto.yaml": (*SIZE, "-o"),
    "points.jsonl": (*SIZE, "-o"),
    "points.jsonl sweep": (*SWEEP[:-1],),
}
"""A file that a command writes into a folder -> the command, up to the folder's name."""


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("case", INTO_FOLDERS)
def test_an_input_in_a_folder_of_outputs_is_not_overwritten(
    inputs: Workspace, case: str, link: bool
) -> None:
    name, arguments = case.split(maxsplit=1)[0], INTO_FOLDERS[case]
    folder = inputs.folder / "taken"
    folder.mkdir()
    workload = inputs.folder / arguments[arguments.index("-w") + 1]
    if link:
        (folder / name).hardlink_to(workload)
    else:
        text = workload.read_text(encoding="utf-8").replace("t.csv", "../t.csv")
        inputs.write(f"taken/{name}", text)
        arguments = tuple(f"taken/{name}" if each == workload.name else each for each in arguments)
    before = {path: path.read_bytes() for path in inputs.folder.rglob("*") if path.is_file()}
    result = inputs.run(*arguments, "taken", exit_code=2)
    assert f"taken/{name}: cannot be written: it is " in result.stderr
    assert "an input of this command" in result.stderr
    assert {
        path: path.read_bytes() for path in inputs.folder.rglob("*") if path.is_file()
    } == before


@pytest.mark.parametrize("case", INTO_FOLDERS)
def test_a_file_in_place_of_a_folder_is_found_before_any_work(inputs: Workspace, case: str) -> None:
    inputs.write("taken", "")
    result = inputs.run(*INTO_FOLDERS[case], "taken", exit_code=2)
    assert result.stderr == "taken: is a file, must be a folder\n"
    assert not (inputs.folder / "schedule.yaml").exists()


def test_a_schedule_is_not_overwritten_by_its_plans(inputs: Workspace) -> None:
    (inputs.folder / "plans").mkdir()
    arguments = (*SCHEDULE, "-o", "plans/from-0s.yaml", "--plans", "plans")
    result = inputs.run(*arguments, exit_code=2)
    assert "plans/from-0s.yaml: is the name of a plan of --plans" in result.stderr
    assert list((inputs.folder / "plans").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cluster.yaml", PLAN),
        ("plan.yaml", ("plan", "--check", "plan.yaml", "-j", "1")),
        ("t.csv", ("workload", "import", "t.csv", "--from", "csv", "-o", "-")),
        ("t.csv", ("workload", "fit", "t.csv")),
        ("layers.yaml", ("profile", "partition", "layers.yaml")),
    ],
)
def test_standard_output_is_not_an_input(
    inputs: Workspace, name: str, arguments: tuple[str, ...]
) -> None:
    inputs.run(*PLAN, "-o", "plan.yaml")
    before = inputs.read(name)
    program = "from alpaplan.cli import main; main()"
    with (inputs.folder / name).open("ab") as out:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert done.returncode == 2
    found = f"/dev/stdout: cannot be written: it is the same file as {name}, an input"
    assert found in done.stderr
    assert inputs.read(name) == before


def test_every_command_with_an_output_is_here() -> None:
    writing = {
        path
        for path, command in COMMANDS.items()
        if {"output", "plot"} & {parameter.name for parameter in command.params}
    }
    tried = {path for path in writing for case in CASES.values() if case[: len(path)] == path}
    # These write into a folder, which has rules of its own.
    assert tried | {("profile", "import"), ("export",)} == writing
