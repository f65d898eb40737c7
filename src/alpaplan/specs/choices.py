"""Choices that documents and commands offer by name; listing them imports no specification."""

from __future__ import annotations

from enum import StrEnum


class Dispatch(StrEnum):
    """Which of the groups that hold a model gets a request."""

    SHORTEST_QUEUE = "shortest-queue"
    EARLIEST_FINISH = "earliest-finish"


class Effort(StrEnum):
    """How much a search may do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
