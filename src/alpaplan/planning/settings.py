"""How to search: what a plan's provenance records, and what only one run is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from alpaplan.problem import PlacementProblem
from alpaplan.search.methods import DEFAULT_METHOD, METHODS
from alpaplan.specs.choices import Effort
from alpaplan.specs.plan import Provenance


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class PlanSettings:
    """How to search for a plan.

    Parameters
    ----------
    method
        A name from the registry of search methods.
    seed
        Seed of all sampled arrivals and of the search.
    effort
        Budget in work of methods that need one.
    max_evaluations
        Placements that may be simulated; None for as many as the method takes.
    time_limit_s
        Seconds after which the search ends; such a plan may not repeat.
    restarts
        Independent searches, of which the best plan is kept.
    jobs
        Attempts side by side; None for one a core. The plan does not depend on it.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    """

    method: str = DEFAULT_METHOD
    seed: int = 0
    effort: Effort = Effort.MEDIUM
    max_evaluations: int | None = None
    time_limit_s: float | None = None
    jobs: int | None = None
    restarts: int = 1

    def __post_init__(self) -> None:
        METHODS.require(self.method)

    def max_work(self, problem: PlacementProblem) -> int | None:
        """Return the budget in simulated requests; None if the method ends by itself."""
        return METHODS[self.method].max_work(self.effort, problem)

    def as_made(self, made: Provenance) -> PlanSettings:
        """Return the settings that a plan records, with this run's clock and workers."""
        return replace(
            self,
            method=made.method,
            seed=made.seed,
            effort=Effort.MEDIUM if made.effort is None else Effort(made.effort),
            max_evaluations=made.max_evaluations,
            restarts=made.restarts or 1,
        )
