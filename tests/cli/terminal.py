"""A terminal that takes what is shown while a command works."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from alpaplan.cli import output


class _Stderr(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def shown_on(
    monkeypatch: pytest.MonkeyPatch, *, width: int = 80, is_terminal: bool = True
) -> io.StringIO:
    """Let stderr be a terminal or a file, and return what it gets, without colors."""
    file = _Stderr(is_terminal=is_terminal)
    console = Console(file=file, force_terminal=is_terminal, width=width, color_system=None)
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setattr(output, "make_console", lambda stderr: console)
    return file
