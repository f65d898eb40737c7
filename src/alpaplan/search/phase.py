"""What is done now, for those who show how a plan comes about."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """What is done now, in words for people."""

    SEARCHING = "searching side by side"
    DECIDING = "deciding"
    PREDICTING = "predicting"


PhaseListener = Callable[[Phase], None]
"""Told what begins."""


def ignore_phase(_: Phase) -> None:
    """Tell nobody."""
