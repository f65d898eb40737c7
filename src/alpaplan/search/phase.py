"""What is done once a search has ended, for those who show how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """What is done now, in words for people."""

    DECIDING = "deciding"
    PREDICTING = "predicting"


PhaseListener = Callable[[Phase], None]
"""Told what begins."""


def ignore_phase(_: Phase) -> None:
    """Tell nobody."""
