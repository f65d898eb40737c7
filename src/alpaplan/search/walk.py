"""Walks over placements, the base of local improvement: each step is an accepted change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.moves import names_of_moves
from alpaplan.search.moves.state import needs_of
from alpaplan.search.partition import describe_shapes
from alpaplan.simulator import Evaluation


@dataclass
class MoveCounts:
    """How often each move was simulated, accepted, and an improvement.

    Parameters
    ----------
    simulated, accepted, improved : int64[moves]
        Counts, by the moves' numbers.
    """

    simulated: NDArray[np.int64]
    accepted: NDArray[np.int64]
    improved: NDArray[np.int64]

    @classmethod
    def of(cls, num_moves: int) -> MoveCounts:
        """Return counts of 0."""
        return cls(*(np.zeros(num_moves, dtype=np.int64) for _ in range(3)))

    def __add__(self, other: MoveCounts) -> MoveCounts:
        """Return the sums."""
        return MoveCounts(
            self.simulated + other.simulated,
            self.accepted + other.accepted,
            self.improved + other.improved,
        )


@dataclass
class Walk(ABC):
    """A random walk over placements, by changes that gain or lose little.

    Parameters
    ----------
    attempt
        Counts what it simulates.
    start
        Where it starts.

    Attributes
    ----------
    placement, evaluation, score
        The current placement, and how it did on the training arrivals.
    counts
        How its moves did.
    idle
        Draws in a row that found nothing to change.
    """

    attempt: Attempt
    start: Candidate
    placement: Placement = field(init=False)
    evaluation: Evaluation = field(init=False)
    score: Score = field(init=False)
    counts: MoveCounts = field(init=False)
    idle: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.placement, self.evaluation = self.start.placement, self.start.evaluation
        self.score = self.start.score
        self.counts = MoveCounts.of(len(names_of_moves(self.attempt.problem)))

    @abstractmethod
    def step(self, temperature: float, most: int) -> bool:
        """Try changes until one is accepted; return whether one was.

        It may return earlier, so that the caller can check stopping criteria and cool down.

        Parameters
        ----------
        temperature
            Mean loss of merit that is accepted: that of each change is drawn, which is the rule of
            Metropolis et al. (1953), Journal of Chemical Physics 21.
        most
            Most changes to simulate.
        """

    @property
    def num_simulated(self) -> int:
        """Changes that were simulated."""
        return int(self.counts.simulated.sum())

    @property
    def needs(self) -> NDArray[np.float64]:
        """How much each model needs replicas, as of `alpaplan.search.moves.state.needs_of`."""
        has_room = self.attempt.space.objective.is_strained
        return needs_of(self.attempt.problem, self.placement, self.evaluation, has_room=has_room)

    def candidate(self) -> Candidate:
        """Return the current placement as a candidate."""
        shapes = self.placement.shapes.tolist()
        return replace(
            self.start,
            method="improve",
            partition=describe_shapes(self.attempt.problem, shapes),
            placement=self.placement,
            score=self.score,
            evaluation=self.evaluation,
        )

    def _accept(
        self, kind: int, placement: Placement, evaluation: Evaluation, score: Score
    ) -> None:
        self.counts.accepted[kind] += 1
        self.counts.improved[kind] += score > self.score
        self.placement, self.evaluation, self.score = placement, evaluation, score
