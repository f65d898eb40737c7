"""What every search method is given: the problem, its simulator, budgets and workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.candidate import Score
from alpaplan.search.stopping import StopCriterion, StopReason, never
from alpaplan.simulator import Evaluation, Simulator

Item = TypeVar("Item")
Result = TypeVar("Result")

ProgressListener = Callable[[int, Score | None], None]
"""Called after every simulated placement, from any thread, with the work that it took and its
score; without one if it was rejected before it had any."""

EVALUATION_WORK = 16_000
"""Work of one simulation apart from its requests, in simulated requests (a count; 8,000 to
30,000): what Python does around it takes about 0.25 ms, a million requests about 16 ms."""


def ignore_progress(_work: int, _score: Score | None) -> None:
    """Listen to nothing."""


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
class SearchContext:
    """One attempt's view of the search.

    Attempts never see each other: each counts its own evaluations against its own budget and
    draws from its own generator, so what it finds does not depend on how many run at a time.

    Parameters
    ----------
    problem
        The problem.
    simulator
        Simulator of the training arrivals.
    screening
        Simulator of the beginning of the same arrivals, by which hopeless candidates are told.
    rng
        Source of all random choices.
    max_evaluations
        Placements that this attempt may simulate; None: as many as it takes.
    max_work
        Work that this attempt may do, in simulated requests; None: as much as it takes.
    stop
        Asked before every evaluation.
    on_evaluation
        Told of every simulated placement.
    executor
        Runs attempts side by side; None: one after another.
    """

    problem: PlacementProblem
    simulator: Simulator
    screening: Simulator
    rng: np.random.Generator
    max_evaluations: int | None = None
    max_work: int | None = None
    stop: StopCriterion = never
    on_evaluation: ProgressListener = ignore_progress
    executor: Executor | None = None
    num_evaluations: int = field(default=0, init=False)
    work: int = field(default=0, init=False)
    stop_reason: StopReason | None = field(default=None, init=False)
    steps: list[SearchStep] = field(default_factory=list, init=False)

    def log(self, name: str, best: Score, *notes: str) -> None:
        """Note that a step is done; what was simulated since the last one was its work."""
        before = sum(step.num_evaluations for step in self.steps)
        self.steps.append(SearchStep(name, best, self.num_evaluations - before, notes))

    def exhausted(self) -> bool:
        """Whether a budget is used up or a stopping criterion said so."""
        if self.stop_reason is None:
            self.stop_reason = self.stop()
        return self.stop_reason is not None or self.used() >= 1.0

    def used(self) -> float:
        """Return the used part of the tightest budget; 0 if there is no budget."""
        parts = [0.0]
        if self.max_evaluations is not None:
            parts.append(self.num_evaluations / self.max_evaluations)
        if self.max_work is not None:
            parts.append(self.work / self.max_work)
        return max(parts)

    def evaluate(self, placement: Placement) -> tuple[Score, Evaluation]:
        """Simulate a placement on the training arrivals."""
        evaluation = self.simulator.evaluate(placement)
        score = Score.of(self.problem, evaluation)
        self.count(self.simulator.trace.num_requests, score)
        return score, evaluation

    def count(self, num_requests: int, score: Score | None = None) -> None:
        """Count a simulation of so many requests, and the score of the placement if it has one."""
        work = num_requests + EVALUATION_WORK
        self.num_evaluations += 1
        self.work += work
        self.on_evaluation(work, score)

    def share(self, num_attempts: int, fraction: float = 1.0) -> SearchContext:
        """Return a context for one of several attempts that share a part of what is left.

        Parameters
        ----------
        num_attempts
            How many share it equally.
        fraction
            The part of what is left that they share.
        """

        def part(limit: int | None, used: int) -> int | None:
            if limit is None:
                return None
            return max(1, int((limit - used) * fraction / max(1, num_attempts)))

        return replace(
            self,
            rng=self.rng.spawn(1)[0],
            max_evaluations=part(self.max_evaluations, self.num_evaluations),
            max_work=part(self.max_work, self.work),
        )

    def map_attempts(
        self,
        attempt: Callable[[SearchContext, Item], Result],
        items: Iterable[Item],
        fraction: float = 1.0,
    ) -> list[Result]:
        """Run an attempt for each item, side by side if there are workers.

        The attempts share a part of the budget equally; their evaluations count here too. The
        results are in the order of the items, whatever order they end in.
        """
        todo = list(items)
        contexts = [self.share(len(todo), fraction) for _ in todo]
        if self.executor is None:
            results = list(map(attempt, contexts, todo))
        else:
            results = list(self.executor.map(attempt, contexts, todo))
        for context in contexts:
            self.absorb(context)
        return results

    def absorb(self, attempt: SearchContext) -> None:
        """Count what an attempt with a share of this context has used."""
        self.num_evaluations += attempt.num_evaluations
        self.work += attempt.work
        self.stop_reason = self.stop_reason or attempt.stop_reason
