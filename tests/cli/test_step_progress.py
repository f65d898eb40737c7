"""What shows that work goes on: only on a terminal, and only if it takes a while."""

from __future__ import annotations

import re
import time

import pytest

from alpaplan.cli import step_progress
from alpaplan.cli.step_progress import busy
from tests.cli.terminal import shown_on


def shown_while_busy(
    monkeypatch: pytest.MonkeyPatch, *, after_s: float, work_s: float, is_terminal: bool = True
) -> str:
    """Return what a block that takes `work_s` leaves on its console."""
    stderr = shown_on(monkeypatch, is_terminal=is_terminal)
    monkeypatch.setattr(step_progress, "SHOWN_AFTER_S", after_s)
    with busy("reading big.csv"):
        time.sleep(work_s)
    return stderr.getvalue()


def test_long_work_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "reading big.csv" in shown_while_busy(monkeypatch, after_s=0.01, work_s=0.3)


def test_short_work_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_while_busy(monkeypatch, after_s=60, work_s=0) == ""


def test_nothing_is_shown_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_while_busy(monkeypatch, after_s=0.01, work_s=0.1, is_terminal=False) == ""


def test_steps_show_the_time_left_and_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = shown_on(monkeypatch, width=100)
    monkeypatch.setattr(step_progress, "SHOWN_AFTER_S", 0)
    with step_progress.step_progress() as progress:
        progress.begin("reading [red]big[/red].csv", 4)
        for _ in range(2):
            progress.advance(1)
    shown = stderr.getvalue()
    assert "reading [red]big[/red].csv" in shown
    assert "50%" in shown
    assert re.search(r"0:00:00 (00:0\d left)?", shown)


def test_errors_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    shown_on(monkeypatch)
    with pytest.raises(KeyboardInterrupt), busy("working"):
        raise KeyboardInterrupt
