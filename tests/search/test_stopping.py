"""Stopping criteria."""

from __future__ import annotations

import pytest

from alpaplan.search import stopping
from alpaplan.search.stopping import Interrupt, TimeLimit, first_of, never
from alpaplan.specs.choices import StopReason


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def test_a_time_limit_counts_from_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(stopping, "time", clock)
    limit = TimeLimit(5.0)
    assert limit() is None
    clock.now_s += 4.9
    assert limit() is None
    clock.now_s += 0.2
    assert limit() is StopReason.TIME_LIMIT
    assert TimeLimit(5.0)() is None
    assert TimeLimit(0.0)() is StopReason.TIME_LIMIT


def test_an_interrupt_waits_until_it_is_asked_for_and_then_stays() -> None:
    interrupt = Interrupt()
    assert interrupt() is None
    interrupt.ask()
    assert interrupt() is StopReason.INTERRUPT
    assert interrupt() is StopReason.INTERRUPT


def test_the_first_criterion_that_says_so_gives_the_reason() -> None:
    interrupt = Interrupt()
    stop = first_of(interrupt, never, TimeLimit(0.0))
    assert stop() is StopReason.TIME_LIMIT
    interrupt.ask()
    assert stop() is StopReason.INTERRUPT


def test_without_criteria_nothing_stops() -> None:
    assert first_of()() is None
    assert first_of(never, Interrupt(), TimeLimit(1e6))() is None
