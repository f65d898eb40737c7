"""How much a search may simulate, and how much it has simulated: numbers alone.

Budgets are counted in work and not in seconds, so that plans repeat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from alpaplan.specs.choices import Effort

EVALUATION_WORK = 16_000
"""Work of one simulation apart from its requests, in simulated requests (a count; 8,000 to
30,000): what Python does around it takes about 0.25 ms, a million requests about 16 ms."""

RACED_WORK = 1_500
"""The same for a simulation that compiled loops start (a count; 500 to 5,000)."""

WORK: dict[Effort, int] = {
    Effort.LOW: 70_000_000,
    Effort.MEDIUM: 400_000_000,
    Effort.HIGH: 3_500_000_000,
}
"""Work for up to `BASE_MODELS` models, in simulated requests (counts). An idle core does about 60
million a second, so these are 1, 7 and 60 s of it."""

BATCHING_WORK = 3
"""Budget with batching, as a multiple of that without (a factor; 2 to 5). A third of it is for
placements that do not batch; the rest is for those that do, whose changes cannot be raced by
compiled loops."""

LLM_WORK = 5
"""Budget with LLMs, as a multiple of that without (a factor; 1 to 10): simulating a placement costs
some hundred times as much."""

BASE_MODELS = 60
"""Number of models (a count) above which the work grows, with the square root of their number:
there is more to choose, and each evaluation costs more."""


def work_of(
    effort: Effort, num_models: int, *, has_llms: bool = False, has_batches: bool = False
) -> int:
    """Return the budget of a search in simulated requests."""
    work = WORK[effort] * (LLM_WORK if has_llms else 1) * (BATCHING_WORK if has_batches else 1)
    return round(work * math.sqrt(max(1.0, num_models / BASE_MODELS)))


@dataclass(frozen=True)
class Usage:
    """What was simulated.

    Parameters
    ----------
    num_evaluations
        Placements that were simulated.
    work
        In simulated requests: those of all placements, and `EVALUATION_WORK` for each of them.
    """

    num_evaluations: int = 0
    work: int = 0

    @classmethod
    def of_one(cls, requests_work: int) -> Usage:
        """Return the usage of simulating one placement, given the work of its requests."""
        return cls(1, requests_work + EVALUATION_WORK)

    def __add__(self, other: Usage) -> Usage:
        """Return what both used together."""
        return Usage(self.num_evaluations + other.num_evaluations, self.work + other.work)


@dataclass(frozen=True)
class Budget:
    """How much may be simulated.

    Parameters
    ----------
    max_evaluations
        Most placements; None for no limit.
    max_work
        Most work, in simulated requests; None for no limit.
    """

    max_evaluations: int | None = None
    max_work: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.max_evaluations is not None or self.max_work is not None

    def used_part(self, used: Usage) -> float:
        """Return the used fraction of the tightest limit; 0 if there is no limit."""
        parts = [0.0]
        if self.max_evaluations is not None:
            parts.append(used.num_evaluations / self.max_evaluations)
        if self.max_work is not None:
            parts.append(used.work / self.max_work)
        return max(parts)

    def share(self, used: Usage, num_attempts: int = 1, fraction: float = 1.0) -> Budget:
        """Return the budget of each of several attempts: a share of what is left, at least 1.

        Parameters
        ----------
        used
            What has been used so far.
        num_attempts
            How many attempts share equally.
        fraction
            Fraction of what is left that the attempts share.
        """

        def part(limit: int | None, used: int) -> int | None:
            if limit is None:
                return None
            return max(1, int((limit - used) * fraction / max(1, num_attempts)))

        return Budget(
            part(self.max_evaluations, used.num_evaluations), part(self.max_work, used.work)
        )
