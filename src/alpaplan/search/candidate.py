"""What searches compare: scores, and placements that have one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import total_ordering

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import Evaluation


@total_ordering
@dataclass(frozen=True)
class Score:
    """How good a placement is: compared by what it lacks, its merit, attainment, then latency.

    Parameters
    ----------
    attainment
        Weighted SLO attainment on the training arrivals.
    negative_latency_s
        Minus the mean latency of attained requests.
    missing_replicas
        Replicas that models have to have and that are not there.
    merit
        What is compared in place of the attainment; None for that.
    """

    attainment: float
    negative_latency_s: float
    missing_replicas: int = 0
    merit: float | None = None

    @property
    def compared(self) -> float:
        """What is compared of placements that lack nothing."""
        return self.attainment if self.merit is None else self.merit

    def __lt__(self, other: Score) -> bool:
        """Whether the other is better."""
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
        """Return the same where model ``m`` is the one that is number ``order[m]`` here."""
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


def best_of(candidates: list[Candidate]) -> Candidate:
    """Return the candidate of the highest score; of equal ones the first."""
    return max(candidates, key=lambda candidate: candidate.score)
