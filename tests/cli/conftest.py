"""Fixtures of the command line's tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a folder with small inputs, which is the working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Workspace.make(folder)


@pytest.fixture(scope="session", autouse=True)
def usual_signals() -> None:
    """Let signals do what they usually do: in the background, some are ignored from the start."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
