"""Attempts: the parts of a search that run side by side, here or in other processes.

An attempt is a function at the top of a module. It is called with an `Attempt`, which counts what
it uses, and with the item to work on, such as a group partition. Attempts never see each other:
each has its own budget and random generator, so what it finds does not depend on where attempts
run, nor on how many run at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.budget import Budget, Usage
from alpaplan.search.candidate import Score, Scored
from alpaplan.search.idle_threads import NO_THREADS, IdleThreads
from alpaplan.search.space import SearchSpace
from alpaplan.search.stopping import StopCriterion, never
from alpaplan.search.work import requests_work
from alpaplan.specs.choices import StopReason

Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)

ProgressListener = Callable[[Usage, Score | None], None]
"""Called after every simulated placement, from any thread, with the usage since the last call and
the placement's score, or None if it was rejected before it had one."""


def ignore_progress(_used: Usage, _score: Score | None) -> None:
    """Ignore all progress."""


@dataclass(frozen=True)
class Watch:
    """What may stop attempts, and who is told of their progress.

    Parameters
    ----------
    stop
        Stopping criterion, asked before every evaluation.
    on_evaluation
        Called after every evaluation.
    """

    stop: StopCriterion = never
    on_evaluation: ProgressListener = ignore_progress


UNWATCHED = Watch()
"""No stopping criterion and no listener."""


@dataclass
class Attempt:
    """One attempt while it runs: what it may use, and what it has used.

    Parameters
    ----------
    space
        What it searches.
    budget
        How much it may simulate.
    rng
        Source of all its random choices.
    watch
        What may stop it, and who is told of its progress.
    idle
        Threads that it may use besides its own; what it finds does not depend on them.
    """

    space: SearchSpace
    budget: Budget
    rng: np.random.Generator
    watch: Watch = UNWATCHED
    idle: IdleThreads = NO_THREADS
    used: Usage = field(default_factory=Usage, init=False)
    stop_reason: StopReason | None = field(default=None, init=False)

    @property
    def problem(self) -> PlacementProblem:
        """The problem."""
        return self.space.problem

    @property
    def used_part(self) -> float:
        """Fraction of the budget that is used; 0 if the budget has no limit."""
        return self.budget.used_part(self.used)

    @property
    def evaluations_left(self) -> int:
        """Placements that may still be simulated; `sys.maxsize` if there is no limit."""
        return _left(self.budget.max_evaluations, self.used.num_evaluations)

    @property
    def work_left(self) -> int:
        """Work that may still be done; `sys.maxsize` if there is no limit."""
        return _left(self.budget.max_work, self.used.work)

    def exhausted(self) -> bool:
        """Whether the budget is used up, or a stopping criterion ends the search."""
        if self.stop_reason is None:
            self.stop_reason = self.watch.stop()
        return self.stop_reason is not None or self.used_part >= 1.0

    def evaluate(self, placement: Placement) -> Scored:
        """Simulate a placement on the training arrivals."""
        scored = self.space.score(placement)
        work = requests_work(self.problem, placement, scored.evaluation)
        self.count(work + self.space.objective.penalty_work(self.problem), scored.score)
        return scored

    def count(self, work: int, score: Score | None = None) -> None:
        """Count one simulation, given the work of its requests, and report its score."""
        self.add(Usage.of_one(work), score)

    def add(self, usage: Usage, score: Score | None = None) -> None:
        """Count simulations, and report the score of one of them."""
        self.used += usage
        self.watch.on_evaluation(usage, score)


def _left(limit: int | None, used: int) -> int:
    return sys.maxsize if limit is None else max(0, limit - used)


@dataclass(frozen=True)
class Outcome(Generic[Found_co]):
    """The result of an attempt.

    Parameters
    ----------
    found
        What it found.
    used
        How much it simulated.
    stop_reason
        The stopping criterion that ended it, if one did.
    """

    found: Found_co
    used: Usage
    stop_reason: StopReason | None


@dataclass(frozen=True)
class Task(Generic[Found_co]):
    """An attempt to make: all that it takes, picklable.

    Parameters
    ----------
    function
        Called with the attempt and the item.
    item
        What the attempt works on.
    space, budget, rng
        See `Attempt`.
    """

    function: Callable[[Attempt, Any], Found_co]
    item: Any
    space: SearchSpace
    budget: Budget
    rng: np.random.Generator

    def run(self, watch: Watch, idle: IdleThreads = NO_THREADS) -> Outcome[Found_co]:
        """Make the attempt."""
        attempt = Attempt(self.space, self.budget, self.rng, watch, idle)
        found = self.function(attempt, self.item)
        return Outcome(found, attempt.used, attempt.stop_reason)
