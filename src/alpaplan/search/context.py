"""What every search method is given: the problem, its simulator, budgets and workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.candidate import Score
from alpaplan.search.stopping import StopCriterion, StopReason, never
from alpaplan.simulator import Evaluation, Simulator

Item = TypeVar("Item")
Result = TypeVar("Result")

ProgressListener = Callable[[Score], None]
"""Called with its score after every simulated placement, from any thread."""


def ignore_progress(_: Score) -> None:
    """Listen to nothing."""


@dataclass
class SearchContext:
    """One attempt's view of the search.

    Attempts never see each other: each counts its own evaluations against its own budget,
    so what it finds does not depend on how many run at a time.

    Parameters
    ----------
    problem
        The problem.
    simulator
        Simulator of the training arrivals.
    max_evaluations
        Placements that this attempt may simulate; None: as many as it takes.
    stop
        Asked before every evaluation.
    on_evaluation
        Told every score.
    executor
        Runs attempts side by side; None: one after another.
    """

    problem: PlacementProblem
    simulator: Simulator
    max_evaluations: int | None = None
    stop: StopCriterion = never
    on_evaluation: ProgressListener = ignore_progress
    executor: Executor | None = None
    num_evaluations: int = field(default=0, init=False)
    stop_reason: StopReason | None = field(default=None, init=False)

    def exhausted(self) -> bool:
        """Whether the budget is used up or a stopping criterion said so."""
        if self.stop_reason is None:
            self.stop_reason = self.stop()
        if self.stop_reason is not None:
            return True
        return self.max_evaluations is not None and self.num_evaluations >= self.max_evaluations

    def evaluate(self, placement: Placement) -> tuple[Score, Evaluation]:
        """Simulate a placement on the training arrivals."""
        evaluation = self.simulator.evaluate(placement)
        score = Score.of(self.problem, evaluation)
        self.num_evaluations += 1
        self.on_evaluation(score)
        return score, evaluation

    def share(self, num_attempts: int) -> SearchContext:
        """Return a context for one of several attempts, with an equal share of what is left."""
        if self.max_evaluations is None:
            return replace(self)
        left = max(0, self.max_evaluations - self.num_evaluations)
        return replace(self, max_evaluations=max(1, left // max(1, num_attempts)))

    def map_attempts(
        self, attempt: Callable[[SearchContext, Item], Result], items: Iterable[Item]
    ) -> list[Result]:
        """Run an attempt for each item, side by side if there are workers.

        Every attempt gets an equal share of the budget; their evaluations count here too. The
        results are in the order of the items, whatever order they end in.
        """
        todo = list(items)
        contexts = [self.share(len(todo)) for _ in todo]
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
        self.stop_reason = self.stop_reason or attempt.stop_reason
