"""Signals that end the program leave whole files behind, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from alpaplan.cli.errors import user_errors
from alpaplan.cli.signals import cleaned_up, interruptible
from alpaplan.files.writing import open_atomically
from alpaplan.search.attempt import ignore_progress
from alpaplan.search.budget import Usage
from tests.cli.workspace import INPUTS, WORKLOAD, Workspace

PROGRAM = (sys.executable, "-c", "from alpaplan.cli import main; main()")
ENDING = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])


@ENDING
def test_no_temporary_file_is_left(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"old")

    @user_errors
    def command() -> None:
        with open_atomically(path) as stream:
            stream.write(b"half")
            stream.flush()
            os.kill(os.getpid(), number)
            time.sleep(10)

    with pytest.raises(SystemExit) as caught:
        command()
    assert caught.value.code == 128 + number
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"
    assert signal.getsignal(number) is signal.SIG_DFL


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cleaned_up(), interruptible() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            assert interrupt() is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@ENDING
def test_the_second_signal_does_not_wait_for_a_search(number: signal.Signals) -> None:
    def search() -> None:
        with cleaned_up(), interruptible() as interrupt:
            interrupt.heard_by(ignore_progress)(Usage(), None)
            os.kill(os.getpid(), number)
            assert interrupt() is not None
            assert interrupt.number == number
            os.kill(os.getpid(), number)

    with pytest.raises(SystemExit) as caught:
        search()
    assert caught.value.code == 128 + number


@ENDING
def test_a_signal_does_not_wait_for_a_search_to_begin(number: signal.Signals) -> None:
    def prepare() -> None:
        with cleaned_up(), interruptible():
            os.kill(os.getpid(), number)
            time.sleep(10)

    with pytest.raises(SystemExit) as caught:
        prepare()
    assert caught.value.code == 128 + number


class _Deleted:
    """Gets a signal where Python ignores exceptions, as callbacks from compilers do, too."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self._number)
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_not_lost_where_exceptions_are_ignored(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        with cleaned_up():
            deleted = _Deleted(number)
            del deleted
            time.sleep(10)

    with pytest.raises((SystemExit, KeyboardInterrupt)) as caught:
        work()
    if number != signal.SIGINT:
        assert isinstance(caught.value, SystemExit)
        assert caught.value.code == 128 + number
    assert capsys.readouterr().err == ""


@ENDING
@pytest.mark.slow
def test_a_search_ends_with_the_best_plan_so_far(
    workspace: Workspace, number: signal.Signals
) -> None:
    workspace.replace("cluster.yaml", "count: 1", "count: 64")
    crowd = (
        "- {name: m, count: 500, profile: p, slo_s: 1, arrivals: {process: poisson, rate_rps: 2}}"
    )
    workspace.write("workload.yaml", WORKLOAD.split("  - ")[0] + f"  {crowd}\n")
    terminal, stderr = os.openpty()
    plan = (*PROGRAM, "plan", *INPUTS, "-o", "plan.yaml")
    with subprocess.Popen(plan, stdout=subprocess.DEVNULL, stderr=stderr) as run:
        os.close(stderr)
        seen = b""
        while b"searching" not in seen:
            seen += os.read(terminal, 4096)
        run.send_signal(number)
        while b"best plan so far" not in seen:
            seen += os.read(terminal, 4096)
        assert run.wait(timeout=60) == 128 + number
    os.close(terminal)
    assert workspace.plan()["provenance"]["stopped_early"] == "interrupt"
    assert not [name for name in workspace.names() if name.startswith(".alpaplan")]


def _begun(repository: Path, *command: str) -> subprocess.Popen[bytes]:
    """Begin a command that works in several processes, and return once they are at work."""
    example = repository / "examples" / "alpaserve-s3"
    inputs = ("-c", str(example / "cluster.yaml"), "-w", str(example / "workload.yaml"))
    run = subprocess.Popen(
        (*PROGRAM, *command, *inputs, "-j", "2"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while len(_processes_of(run.pid)) < 2:
        assert run.poll() is None
        time.sleep(0.1)
    time.sleep(8)
    return run


def _processes_of(parent: int) -> list[int]:
    """Return the processes that another one works in; Python's own helper is none of them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes()
            its_parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(its_parent) == parent and b"spawn_main" in words:
                found.append(int(folder.name))
    return found


SEARCHES = ("plan", "--effort", "high", "--restarts", "3", "-o", "plan.yaml", "-q")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="/proc lists no processes here")
@pytest.mark.slow
class TestSeveralProcesses:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_for_all_leaves_the_best_plan_so_far(
        self, repository: Path, workspace: Workspace, number: signal.Signals
    ) -> None:
        with _begun(repository, *SEARCHES) as run:
            os.killpg(run.pid, number)
            _, said = run.communicate(timeout=60)
        assert run.returncode == 128 + number
        assert b"Traceback" not in said
        assert workspace.plan()["provenance"]["stopped_early"] == "interrupt"

    def test_a_second_ctrl_c_leaves_no_process(
        self, repository: Path, workspace: Workspace
    ) -> None:
        sweep = ("sweep", "--axis", "rate=0.5..2/12", "--max-evaluations", "6000", "-o", "swept")
        with _begun(repository, *sweep) as run:
            workers = _processes_of(run.pid)
            os.killpg(run.pid, signal.SIGINT)
            time.sleep(0.3)
            os.killpg(run.pid, signal.SIGINT)
            _, said = run.communicate(timeout=60)
        assert run.returncode == 130
        assert b"Traceback" not in said
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
        assert "swept" in workspace.names()

    def test_a_killed_process_is_told(self, repository: Path, workspace: Workspace) -> None:
        with _begun(repository, *SEARCHES) as run:
            os.kill(_processes_of(run.pid)[0], signal.SIGKILL)
            _, said = run.communicate(timeout=60)
        assert run.returncode == 2
        assert b"was killed, maybe because memory ran out" in said
        assert "plan.yaml" not in workspace.names()

    def test_none_outlives_the_one_that_started_them(
        self, repository: Path, workspace: Workspace
    ) -> None:
        with _begun(repository, *SEARCHES) as run:
            workers = _processes_of(run.pid)
            run.kill()
            run.communicate(timeout=60)
        end = time.monotonic() + 30
        while any(Path(f"/proc/{worker}").exists() for worker in workers):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert "plan.yaml" not in workspace.names()
