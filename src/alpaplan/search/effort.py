"""Budgets of a search, counted in work and not in seconds, so that plans repeat."""

from __future__ import annotations

from enum import StrEnum


class Effort(StrEnum):
    """How much a search may do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


WORK_OF_EFFORT: dict[Effort, int] = {
    Effort.LOW: 80_000_000,
    Effort.MEDIUM: 500_000_000,
    Effort.HIGH: 4_000_000_000,
}
"""Work in simulated requests (counts). Two cores do about 50 to 80 million a second for 60
models on 32 devices, so these are meant as 2, 10 and 80 s there."""
