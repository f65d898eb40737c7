"""What searches compare: placements and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import total_ordering

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import Evaluation


@total_ordering
@dataclass(frozen=True)
class Score:
    """How good a placement is: ordered by missing replicas, merit, attainment, and then latency.

    Parameters
    ----------
    attainment
        Weighted SLO attainment on the training arrivals.
    negative_latency_s
        Minus the mean latency of attained requests; minus infinity if there are none.
    missing_replicas
        Required replicas that the placement lacks.
    merit
        What is compared before the attainment; None for the attainment alone.
    """

    attainment: float
    negative_latency_s: float
    missing_replicas: int = 0
    merit: float | None = None

    @property
    def compared(self) -> float:
        """What decides between placements that lack equally many replicas: merit or attainment."""
        return self.attainment if self.merit is None else self.merit

    def __lt__(self, other: Score) -> bool:
        """Whether the other score is better."""
        return self._key() < other._key()

    def _key(self) -> tuple[float, ...]:
        lacking = -self.missing_replicas
        return lacking, self.compared, self.attainment, self.negative_latency_s

    @classmethod
    def of(
        cls,
        problem: PlacementProblem,
        evaluation: Evaluation,
        missing_replicas: int = 0,
        merit: float | None = None,
    ) -> Score:
        """Score an evaluation under the problem's model weights."""
        latency_s = evaluation.mean_latency_s
        return cls(
            evaluation.weighted_attainment(problem.model_weight),
            -latency_s if np.isfinite(latency_s) else -np.inf,
            missing_replicas,
            merit,
        )


@dataclass(frozen=True)
class Scored:
    """A placement, and how it did on the training arrivals."""

    placement: Placement
    score: Score
    evaluation: Evaluation


@dataclass(frozen=True)
class Candidate:
    """The best placement that one attempt found.

    Parameters
    ----------
    method
        Name of the method that found it.
    partition
        The group partition in words.
    placement, score, evaluation
        The placement and how it did on the training arrivals.
    num_evaluations
        Placements that the attempt simulated.
    """

    method: str
    partition: str
    placement: Placement
    score: Score
    evaluation: Evaluation
    num_evaluations: int

    def with_models(self, order: NDArray[np.int64]) -> Candidate:
        """Return the candidate with renumbered models: ``order[m]`` becomes ``m``."""
        return replace(
            self,
            placement=self.placement.with_models(order),
            evaluation=self.evaluation.with_models(order),
        )

    @classmethod
    def of(
        cls,
        method: str,
        partition: str,
        best: Scored,
        num_evaluations: int,
    ) -> Candidate:
        """Make the candidate of an attempt from the best placement that it found."""
        placement, score, evaluation = best.placement, best.score, best.evaluation
        return cls(method, partition, placement, score, evaluation, num_evaluations)


def best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates by falling score; equal ones stay in their order."""
    return sorted(candidates, key=lambda candidate: candidate.score, reverse=True)


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the highest score, the first of several equal ones."""
    return max(candidates, key=lambda candidate: candidate.score)
