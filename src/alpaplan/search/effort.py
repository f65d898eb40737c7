"""Budgets of a search, counted in work and not in seconds, so that plans repeat."""

from __future__ import annotations

import math

from alpaplan.specs.choices import Effort

WORK: dict[Effort, int] = {
    Effort.LOW: 120_000_000,
    Effort.MEDIUM: 700_000_000,
    Effort.HIGH: 6_000_000_000,
}
"""Work for up to `BASE_MODELS` models, in simulated requests (counts). Two idle cores do about
70 million a second, so these are 2, 10 and 80 s."""

BASE_MODELS = 60
"""Models from which on the work grows (a count), with the square root of their number: more
models leave more to choose, and each evaluation costs more."""


def work_of(effort: Effort, num_models: int) -> int:
    """Return the budget of a search in simulated requests."""
    return round(WORK[effort] * math.sqrt(max(1.0, num_models / BASE_MODELS)))
