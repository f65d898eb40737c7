"""A search under way: what a method is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import UNWATCHED, Attempt, Task, Watch
from alpaplan.search.budget import Budget, Usage
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.space import SearchSpace
from alpaplan.search.workers import SerialWorkers, Workers
from alpaplan.specs.choices import StopReason

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True)
class SearchStep:
    """What one step of a search gained.

    Parameters
    ----------
    name
        The step in words.
    best
        Best score once it was done.
    num_evaluations
        Placements that it simulated.
    notes
        More about it, a line each.
    """

    name: str
    best: Score
    num_evaluations: int
    notes: tuple[str, ...] = ()


@dataclass
class Search:
    """A search under way, in the process that plans.

    It divides its budget between attempts, lets workers make them, and counts what they used.

    Parameters
    ----------
    space
        What is searched.
    budget
        How much all attempts together may simulate.
    rng
        Source of all random choices; each attempt gets a generator spawned from it.
    workers
        Make the attempts.
    watch
        What may stop the search, and who is told of its progress.

    Attributes
    ----------
    strain
        How many times as fast as stated requests came when placements were compared; 1 for the
        stated traffic.
    """

    space: SearchSpace
    budget: Budget
    rng: np.random.Generator
    workers: Workers = field(default_factory=SerialWorkers)
    watch: Watch = UNWATCHED
    used: Usage = field(default_factory=Usage, init=False)
    strain: float = field(default=1.0, init=False)
    stop_reason: StopReason | None = field(default=None, init=False)
    steps: list[SearchStep] = field(default_factory=list, init=False)

    @property
    def problem(self) -> PlacementProblem:
        """The problem."""
        return self.space.problem

    def map_attempts(
        self,
        function: Callable[[Attempt, Item], Found],
        items: Iterable[Item],
        fraction: float = 1.0,
        space: SearchSpace | None = None,
    ) -> list[Found]:
        """Make an attempt for each item, and return what they found in the order of the items.

        Parameters
        ----------
        function
            The attempt: a function at the top of a module, or a `functools.partial` of one.
        items
            What the attempts work on, one each.
        fraction
            Fraction of the remaining budget that they share equally.
        space
            What they search in place of this one's space.
        """
        todo = list(items)
        share = self.budget.share(self.used, len(todo), fraction)
        rngs = self.rng.spawn(len(todo))
        tasks = [
            Task(function, item, space or self.space, share, rng)
            for item, rng in zip(todo, rngs, strict=True)
        ]
        outcomes = self.workers.run(tasks, self.watch)
        for outcome in outcomes:
            self.used += outcome.used
            self.stop_reason = self.stop_reason or outcome.stop_reason
        return [outcome.found for outcome in outcomes]

    def delegate(
        self,
        find: Callable[[Search], list[Candidate]],
        fraction: float,
        space: SearchSpace | None = None,
    ) -> list[Candidate]:
        """Let another method search with a part of the remaining budget.

        Parameters
        ----------
        find
            The method.
        fraction
            Fraction of the remaining budget that it may use.
        space
            What it searches in place of this search's space. It then draws from this search's
            generator, so that it finds what it would find by itself, and its steps are added.
        """
        share = self.budget.share(self.used, fraction=fraction)
        if space is None:
            part = replace(self, budget=share, rng=self.rng.spawn(1)[0])
        else:
            part = replace(self, budget=share, space=space)
        found = find(part)
        self.used += part.used
        self.stop_reason = self.stop_reason or part.stop_reason
        if space is not None:
            self.steps += part.steps
        return found

    def log(self, name: str, best: Score, *notes: str) -> None:
        """Record a step that is done; all simulations since the last one belong to it."""
        objective = self.space.objective
        if objective.is_strained:
            name = f"{name}, at {objective.strain:g} times the rate"
        before = sum(step.num_evaluations for step in self.steps)
        self.steps.append(SearchStep(name, best, self.used.num_evaluations - before, notes))

    def exhausted(self) -> bool:
        """Whether the budget is used up, or a stopping criterion ends the search."""
        if self.stop_reason is None:
            self.stop_reason = self.watch.stop()
        return self.stop_reason is not None or self.budget.used_part(self.used) >= 1.0
