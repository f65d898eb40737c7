"""Programs end with whoever started them, and ports stay with whoever has them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.verification.envoy import find_envoy, free_port
from alpaplan.verification.processes import last_line, running, running_stubs
from alpaplan.verification.stub import StubGroup
from alpaplan.verification.stub_queue import StubReplica

SLEEP = "import time; time.sleep(600)"

KEEPS = f"""
import sys
from pathlib import Path
from alpaplan.verification.processes import running
with Path("log").open("wb") as log, running("keeper", sys.executable, "-c", {SLEEP!r}, log=log):
    print("runs", flush=True)
    sys.stdin.read()
"""
"""Program that has a keeper run another one, until its standard input ends."""


def sleepers(keeper: int) -> list[int]:
    """Return the processes that a keeper runs."""
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(keeper)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in done.stdout.split()]


def has_ended(pid: int) -> bool:
    """Wait until a process has ended."""
    for _ in range(200):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            # One that nobody has waited for yet is over as well.
            if " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"):
                time.sleep(0.05)
                continue
        return True
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_of_a_process_that_was_killed(number: int, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KEEPS],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"runs\n"
        (keeper,) = sleepers(program.pid)
        while not (kept := sleepers(keeper)):
            time.sleep(0.05)
        program.send_signal(number)
    assert has_ended(keeper)
    assert has_ended(kept[0])


def test_a_keeper_ends_with_what_it_keeps(tmp_path: Path) -> None:
    with (
        (tmp_path / "log").open("wb") as log,
        running("keeper", sys.executable, "-c", "raise SystemExit(3)", log=log) as kept,
    ):
        assert kept.process.wait(20) == 3


def test_stubs_that_do_not_start_are_said_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    broken = StubGroup({"a": StubReplica(1.0, [], 0.0)})
    with (
        pytest.raises(AlpaplanError, match="a stub did not start: IndexError"),
        running_stubs([broken], log),
    ):
        pass
    assert "IndexError" in last_line(log)


def test_a_port_that_is_held_goes_to_nobody_else() -> None:
    with free_port() as port:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        # Only who shares ports as well, as Envoy does, may listen.
        with socket.socket() as envoy:
            envoy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            envoy.bind(("127.0.0.1", port))
            envoy.listen()
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass


def test_envoy_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "envoy"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_envoy(None) == program
    assert find_envoy(program) == program
    with pytest.raises(AlpaplanError, match="--envoy must be a program"):
        find_envoy(tmp_path / "none")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("alpaplan.verification.envoy.MODULE", "no_such_package")
    with pytest.raises(AlpaplanError, match=r"pip install 'alpaplan\[verify\]'"):
        find_envoy(None)
