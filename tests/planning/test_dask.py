"""Tasks on a Dask cluster: a real scheduler and two worker processes.

Skipped without the optional package; `.ci/run` installs it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.files.plan_yaml import plan_to_yaml
from alpaplan.planning.inputs import load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.schedules.auto import auto_schedule
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.planning.sizes.sweep import sweep
from alpaplan.planning.tasks import Surroundings, Task, TaskRunner, dask_runner, local_runner
from alpaplan.specs.choices import SizeAxis
from tests.cli.workspace import INPUTS, Workspace
from tests.planning.sizes.test_sizes import SETTINGS, inputs_of

if TYPE_CHECKING:
    from distributed import LocalCluster

distributed = pytest.importorskip("distributed", reason="needs alpaplan[dask]")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Run a scheduler and two workers, processes with a thread each."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as running:
        yield running


def test_a_sweep_has_the_same_bytes_there_and_here(cluster: LocalCluster, tmp_path: Path) -> None:
    def points(runner: TaskRunner, folder: Path) -> dict[str, Any]:
        values, methods = (1.0, 1.5), ("auto", "greedy")
        sweep(inputs_of(), SizeAxis.RATE, values, methods, SETTINGS, runner, folder=folder)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(folder)): sorted(path.read_bytes().splitlines()) for path in paths
        }

    with local_runner(1, 1) as runner:
        here = points(runner, tmp_path / "here")
    with dask_runner(cluster.scheduler_address) as runner:
        there = points(runner, tmp_path / "there")
    assert len(here) == 5
    assert there == here


def test_a_schedule_has_the_same_bytes_there_and_here(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    workspace = Workspace.make(tmp_path)
    window = "{duration_s: 1min, arrivals: {process: poisson, rate_rps: %s}}"
    workspace.replace(
        "workload.yaml",
        "process: poisson, rate_rps: 9",
        f"process: piecewise, windows: [{window % 1}, {window % 20}]",
    )
    paths = (tmp_path / name for name in INPUTS[1::2])
    inputs = load_inputs(InputPaths(*paths))
    settings = ScheduleSettings(window_s=60.0)
    with local_runner(1, 1) as runner:
        here = auto_schedule(inputs, settings, tmp_path, runner)
    with dask_runner(cluster.scheduler_address) as runner:
        there = auto_schedule(inputs, settings, tmp_path, runner)
    assert plan_to_yaml(there.document) == plan_to_yaml(here.document)


def slow_task(number: int, folder: Path, _: Surroundings) -> tuple[int, int]:
    """Tell that it begins, and take a second; returns the number and the process."""
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(1)
    return number, os.getpid()


def chain(number: int, folder: Path) -> Any:
    """Run one slow task."""
    (found,) = yield (Task(f"slow {number}", slow_task, (number, folder)),)
    return found


def test_the_work_of_a_killed_worker_is_repeated(tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as own,
        dask_runner(own.scheduler_address) as runner,
    ):
        killed: list[int] = []

        def killing() -> Any:
            """Kill the worker of the first task once it works on another one."""
            (first,) = yield (Task("first", slow_task, (99, tmp_path)),)
            while len(list(tmp_path.glob(f"*-{first[1]}"))) < 2:
                time.sleep(0.01)
            killed.append(first[1])
            os.kill(first[1], signal.SIGKILL)
            return first

        chains = {"killer": killing()} | {f"{n}": chain(n, tmp_path) for n in range(6)}
        found = runner.run(chains)
    assert [found[f"{n}"][0] for n in range(6)] == list(range(6))
    assert killed
    assert len(list(tmp_path.iterdir())) > 7  # one of them was begun twice


def test_ctrl_c_cancels_what_has_not_begun(cluster: LocalCluster, tmp_path: Path) -> None:
    workspace = Workspace.make(tmp_path)
    arguments = ["sweep", *INPUTS, "--dask", cluster.scheduler_address, "-o", "swept"]
    # Far more work than is done before the signal comes, on a busy machine too.
    arguments += ["--axis", "rate=0.5..2/40", "--max-evaluations", "1000"]
    command = "from alpaplan.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    points = workspace.folder / "swept" / "points.jsonl"
    deadline = time.monotonic() + 60
    while not points.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=30)
    assert process.returncode == 130, message
    assert "points are kept in swept; run again to go on" in message
    assert 0 < len(points.read_text().splitlines()) < 40
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        deadline = time.monotonic() + 30
        while any(client.processing().values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(client.processing().values())


def test_a_scheduler_that_is_not_there_is_named() -> None:
    address = "tcp://127.0.0.1:9"
    message = re.escape(f"no Dask scheduler answers at {address}")
    with pytest.raises(AlpaplanError, match=message), dask_runner(address):
        raise AssertionError
