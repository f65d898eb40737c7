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
"""The same of a simulation in compiled loops (a count; 500 to 5,000)."""

WORK: dict[Effort, int] = {
    Effort.LOW: 70_000_000,
    Effort.MEDIUM: 400_000_000,
    Effort.HIGH: 3_500_000_000,
}
"""Work for up to `BASE_MODELS` models, in simulated requests (counts). An idle core does about 60
million a second, so these are 1, 7 and 60 s of it."""

BATCHING_WORK = 3
"""How many times as much work there is where requests share batches (a factor; 2 to 5): as much as
elsewhere for placements without, and twice that with them, as no compiled loops race changes
there."""

LLM_WORK = 5
"""The same where LLMs are served (a factor; 1 to 10): evaluations cost some hundred times as much
there."""

BASE_MODELS = 60
"""Models from which on the work grows (a count), with the square root of their number: more
models leave more to choose, and each evaluation costs more."""


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
        Requests that were, with `EVALUATION_WORK` more for each placement.
    """

    num_evaluations: int = 0
    work: int = 0

    @classmethod
    def of_one(cls, requests_work: int) -> Usage:
        """Return what the simulation of one placement uses whose requests take such work."""
        return cls(1, requests_work + EVALUATION_WORK)

    def __add__(self, other: Usage) -> Usage:
        """Return what both used together."""
        return Usage(self.num_evaluations + other.num_evaluations, self.work + other.work)


@dataclass(frozen=True)
class Budget:
    """What may be simulated.

    Parameters
    ----------
    max_evaluations
        Placements that may be simulated; None: as many as it takes.
    max_work
        Work that may be done, in simulated requests; None: as much as it takes.
    """

    max_evaluations: int | None = None
    max_work: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.max_evaluations is not None or self.max_work is not None

    def used_part(self, used: Usage) -> float:
        """Return the used part of the tightest limit; 0 if there is no limit."""
        parts = [0.0]
        if self.max_evaluations is not None:
            parts.append(used.num_evaluations / self.max_evaluations)
        if self.max_work is not None:
            parts.append(used.work / self.max_work)
        return max(parts)

    def share(self, used: Usage, num_attempts: int = 1, fraction: float = 1.0) -> Budget:
        """Return what each of several attempts gets of what is left: one evaluation at least.

        Parameters
        ----------
        used
            What is used already.
        num_attempts
            How many attempts share equally.
        fraction
            The part of what is left that they share.
        """

        def part(limit: int | None, used: int) -> int | None:
            if limit is None:
                return None
            return max(1, int((limit - used) * fraction / max(1, num_attempts)))

        return Budget(
            part(self.max_evaluations, used.num_evaluations), part(self.max_work, used.work)
        )
