"""Stopping criteria, which end a search early: small callables."""

from __future__ import annotations

import time
from collections.abc import Callable

from alpaplan.specs.choices import StopReason

StopCriterion = Callable[[], StopReason | None]
"""Asked before every evaluation, from any thread: why to stop now, or None to go on."""


def never() -> None:
    """Let the search run to its end."""


class TimeLimit:
    """Stop once some seconds have passed since this was made.

    Parameters
    ----------
    limit_s
        Seconds.
    """

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s

    def __call__(self) -> StopReason | None:
        """Return `StopReason.TIME_LIMIT` after the limit."""
        return StopReason.TIME_LIMIT if time.monotonic() >= self._end else None


class Interrupt:
    """Stop when somebody asks for it, for example with Ctrl-C."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self) -> None:
        """Ask the search to stop at its next evaluation."""
        self._asked = True

    def __call__(self) -> StopReason | None:
        """Return `StopReason.INTERRUPT` once asked."""
        return StopReason.INTERRUPT if self._asked else None


def first_of(*criteria: StopCriterion) -> StopCriterion:
    """Stop as soon as one of the criteria says so."""

    def stop() -> StopReason | None:
        for criterion in criteria:
            reason = criterion()
            if reason is not None:
                return reason
        return None

    return stop
