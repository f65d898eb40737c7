"""How a plan names its inputs: as they were given, whatever links they are."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.planning.inputs import load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.provenance import provenance_of, schedule_provenance_of
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.choices import Effort
from tests.cli.workspace import INPUTS, Workspace

TRACE = "arrival_s,model\n0.5,a\n1.5,b\n3.5,a\n4.5,c\n"
QUICK = ("-q", "--method", "round-robin", "--max-evaluations", "5", "-j", "1")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace.make(tmp_path)


def named(folder: str, *given: str) -> list[str | None]:
    """Return how a plan in a folder names a cluster, a workload and the profile in a folder."""
    inputs = load_inputs(InputPaths(*map(Path, given)))
    return [item.path for item in provenance_of(inputs, PlanSettings(), Path(folder)).inputs]


def mount(workspace: Workspace, version: str) -> None:
    """Lay all inputs out as Kubernetes mounts them: links to the files of one version."""
    folder = workspace.folder / "config"
    (folder / version).mkdir(parents=True)
    for name in ("cluster.yaml", "workload.yaml", "profiles/p.yaml"):
        shutil.copy(workspace.folder / name, folder / version)
    current = folder / "..data"
    current.unlink(missing_ok=True)
    current.symlink_to(version)
    for path in (folder / version).iterdir():
        if not (folder / path.name).is_symlink():
            (folder / path.name).symlink_to(Path("..data") / path.name)


MOUNTED = ("config/cluster.yaml", "config/workload.yaml", "config")


def test_links_stay_as_they_are_given(workspace: Workspace) -> None:
    mount(workspace, "v1")
    assert named(".", *MOUNTED) == ["config/cluster.yaml", "config/workload.yaml", "config/p.yaml"]


def test_a_plan_of_a_mount_outlives_the_mount(workspace: Workspace) -> None:
    mount(workspace, "v1")
    given = [text for pair in zip(("-c", "-w", "-p"), MOUNTED, strict=True) for text in pair]
    workspace.run("plan", *given, *QUICK, "-o", "plan.yaml")
    before = workspace.read("plan.yaml")
    mount(workspace, "v2")
    shutil.rmtree(workspace.folder / "config" / "v1")
    assert workspace.run("plan", "--check", "plan.yaml").stdout == "plan.yaml: current\n"
    workspace.run("simulate", "plan.yaml", "--duration", "20s")
    workspace.run("plan", *given, *QUICK, "-o", "plan.yaml")
    assert workspace.read("plan.yaml") == before


def test_profiles_that_are_links_to_files_of_other_names(workspace: Workspace) -> None:
    (workspace.folder / "store").mkdir()
    (workspace.folder / "profiles" / "p.yaml").rename(workspace.folder / "store" / "9f8e7d")
    (workspace.folder / "profiles" / "p.yaml").symlink_to(Path("..") / "store" / "9f8e7d")
    workspace.run_plan(*QUICK, "-o", "plan.yaml")
    assert workspace.plan()["provenance"]["inputs"][-1]["path"] == "profiles/p.yaml"
    assert workspace.run("plan", "--check", "plan.yaml").stdout == "plan.yaml: current\n"


def test_a_trace_that_is_a_link(workspace: Workspace) -> None:
    workspace.write("recorded-2024.csv", TRACE)
    (workspace.folder / "t.csv").symlink_to("recorded-2024.csv")
    workspace.run_plan(*QUICK, "--trace", "t.csv", "-o", "plan.yaml")
    assert workspace.plan()["provenance"]["trace"] == "t.csv"
    assert workspace.plan()["provenance"]["inputs"][-1]["path"] == "t.csv"


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize(
    ("folder", "prefix"), [(".", ""), ("out", "../"), ("out/../out", "../"), ("out/deep", "../../")]
)
def test_files_without_links_are_named_from_the_folder(
    workspace: Workspace, folder: str, prefix: str, absolute: bool
) -> None:
    (workspace.folder / "out" / "deep").mkdir(parents=True)
    given = ["cluster.yaml", "workload.yaml", "profiles"]
    if absolute:
        given = [str(workspace.folder / name) for name in given]
        folder = str(workspace.folder / folder)
    expected = ["cluster.yaml", "workload.yaml", "profiles/p.yaml"]
    assert named(folder, *given) == [f"{prefix}{name}" for name in expected]


def test_the_way_up_from_a_folder_that_is_a_link(workspace: Workspace) -> None:
    (workspace.folder / "far" / "away").mkdir(parents=True)
    (workspace.folder / "out").symlink_to("far/away")
    found = named("out", "cluster.yaml", "workload.yaml", "profiles")
    assert found == ["../../cluster.yaml", "../../workload.yaml", "../../profiles/p.yaml"]
    for name in found:
        assert name is not None
        assert (workspace.folder / "out" / name).is_file()


def test_a_way_up_in_the_name_of_an_input(workspace: Workspace) -> None:
    (workspace.folder / "far" / "away").mkdir(parents=True)
    shutil.copy(workspace.folder / "cluster.yaml", workspace.folder / "far")
    (workspace.folder / "link").symlink_to("far/away")
    found = named(".", "link/../cluster.yaml", "workload.yaml", "profiles")
    assert found[0] == "far/cluster.yaml"


def test_a_pipe_is_named_as_it_was_given(workspace: Workspace) -> None:
    inputs = load_inputs(InputPaths(*map(Path, ("cluster.yaml", "workload.yaml", "profiles"))))
    os.mkfifo("pipe")
    files = replace(inputs.files, traces={Path("pipe"): "0" * 64}, trace=Path("pipe"))
    found = provenance_of(replace(inputs, files=files), PlanSettings(), Path("out"))
    assert (found.trace, found.inputs[-1].path) == ("pipe", "pipe")


def test_a_name_that_is_not_text_is_refused_before_the_search(workspace: Workspace) -> None:
    name = os.fsdecode(b"c\xff.yaml")
    (workspace.folder / "cluster.yaml").rename(workspace.folder / name)
    with pytest.raises(InputError, match="cannot be named in a plan because its path is not UTF-8"):
        named(".", name, "workload.yaml", "profiles")


@pytest.mark.parametrize(
    "settings",
    [
        ScheduleSettings(),
        ScheduleSettings(window_s=600.0, target=0.98, seed=3, effort=Effort.HIGH),
        ScheduleSettings(starts_s=(0.0, 300.0), device_cost=20.0, request_value=0.001),
        ScheduleSettings(method="clockwork++", window_s=5.0, foresight=True, duration_s=60.0),
    ],
)
def test_a_schedule_records_what_it_is_made_with(
    workspace: Workspace, settings: ScheduleSettings
) -> None:
    inputs = load_inputs(InputPaths(*map(Path, INPUTS[1::2])))
    made = schedule_provenance_of(inputs, settings, workspace.folder)
    assert ScheduleSettings.of_provenance(made) == settings
