"""Phases of planning, for progress displays."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """A phase of planning, in words for people."""

    SEARCHING = "searching side by side"
    DECIDING = "deciding"
    PREDICTING = "predicting"


PhaseListener = Callable[[Phase], None]
"""Called when a phase begins."""


def ignore_phase(_: Phase) -> None:
    """Ignore the phase."""
