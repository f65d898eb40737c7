"""A program that runs another one, and ends it when its own standard input ends.

That is closed when whatever started the keeper ends, even if that was killed. Started with
``python -m``, with the other program and its arguments.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from types import FrameType
from typing import NoReturn

GRACE_S = 5.0
"""Seconds that the program has to end by itself, before it is killed; 1 to 10."""


def keep(command: list[str]) -> int:
    """Run a program and return its exit code."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - what it is for
    try:
        threading.Thread(target=_end_with_input, args=(program,), daemon=True).start()
        return program.wait()
    finally:
        _stop(program)


def _end_with_input(program: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    _stop(program)


def _stop(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
