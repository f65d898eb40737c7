"""Processes that end with this one, whatever ends it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from alpaplan.errors import AlpaplanError
from alpaplan.verification.stub import StubGroup

END_S = 10.0
"""Seconds that a process has to end after its standard input did, before it is killed; longer than
a keeper gives what it keeps."""


@dataclass(frozen=True)
class Program:
    """A process that runs, and the pipes to it."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]


@contextmanager
def running(module: str, *arguments: str, log: IO[bytes]) -> Iterator[Program]:
    """Run one of this package's programs while the block runs.

    Parameters
    ----------
    module
        It has to end when its standard input does.
    arguments
        What follows its name.
    log
        Where its standard error goes.
    """
    paths = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(  # noqa: S603 - a program of this package
        [sys.executable, "-P", "-m", f"{__package__}.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | {"PYTHONPATH": paths},
        # Ctrl-C is for this process, which ends the others in order.
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a process has no pipes")
    program = Program(process, process.stdin, process.stdout)
    try:
        yield program
    finally:
        _end(program)


def _end(program: Program) -> None:
    """Close what a program reads, wait until it ends, and kill it if it does not."""
    for stream in (program.stdin, program.stdout):
        with contextlib.suppress(OSError):  # it is gone, with something still to be read
            stream.close()
    try:
        program.process.wait(END_S)
    except subprocess.TimeoutExpired:
        program.process.kill()
        program.process.wait()


@contextmanager
def running_stubs(groups: Sequence[StubGroup], log: Path) -> Iterator[list[dict[str, int]]]:
    """Run a stub for each group; yield model -> port of each.

    Raises
    ------
    AlpaplanError
        If one does not start.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("ab"))
        stubs = [stack.enter_context(running("stub", log=file)) for _ in groups]
        for stub, group in zip(stubs, groups, strict=True):
            with contextlib.suppress(BrokenPipeError):
                stub.stdin.write(f"{group.to_json()}\n".encode())
                stub.stdin.flush()
        yield [
            dict(zip(group.replicas, _ports(stub, log), strict=True))
            for stub, group in zip(stubs, groups, strict=True)
        ]


def _ports(stub: Program, log: Path) -> list[int]:
    line = stub.stdout.readline()
    if not line:
        raise AlpaplanError(f"a stub did not start{last_line(log)}")
    ports: list[int] = json.loads(line)
    return ports


def last_line(log: Path) -> str:
    """Return what a process said last, for the end of a message."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f": {said[-1]}" if said else ""
