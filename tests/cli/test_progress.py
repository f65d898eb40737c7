"""What a terminal shows of a search."""

from __future__ import annotations

import re

import pytest

from alpaplan.cli import progress
from alpaplan.cli.progress import search_progress
from alpaplan.cli.progress_columns import TimeLeftColumn
from alpaplan.search.budget import Usage
from alpaplan.search.candidate import Score
from alpaplan.search.phase import Phase
from tests.cli.terminal import shown_on


def shown(
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_terminal: bool,
    enabled: bool = True,
    score: float = 0.875,
    phase: Phase | None = None,
) -> str:
    """Return what a search leaves on its console that uses half of its budget."""
    stderr = shown_on(monkeypatch, is_terminal=is_terminal)
    monkeypatch.setattr(progress, "REFRESH_S", 0)
    with search_progress(100_000, None, enabled=enabled) as shows:
        for _ in range(5):
            shows.evaluated(Usage(1, 10_000), Score(score, -0.1))
        if phase is not None:
            shows.goes_on_to(phase)
    return stderr.getvalue()


def test_a_search_shows_its_best_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.split("[\r\n]", shown(monkeypatch, is_terminal=True))
    last = [line for line in lines if "searching" in line][-1]
    assert "5 placements, best 87.50%" in last
    assert re.search("0:00:0[0-9] (00:0[0-9] left)?", last)


def test_a_search_without_anything_yet_shows_no_best(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, is_terminal=True, score=0.0)
    assert "5 placements" in text
    assert not re.search("best|--:--", text)


def test_what_follows_a_search_has_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimeLeftColumn, "max_refresh", None)
    lines = re.split("[\r\n]", shown(monkeypatch, is_terminal=True, phase=Phase.PREDICTING))
    last = [line for line in lines if "placements" in line][-1]
    assert "predicting" in last
    assert "5 placements, best 87.50%" in last
    assert "left" not in last


def test_nothing_is_shown_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, is_terminal=False) == ""


def test_nothing_is_shown_if_nothing_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, is_terminal=True, enabled=False) == ""
