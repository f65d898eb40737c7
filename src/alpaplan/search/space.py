"""What never changes during a search."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.candidate import Score, Scored
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class SearchSpace:
    """What placements are searched for, and the arrivals that they are scored on.

    All attempts share one. It can be pickled, and so be sent to other processes.

    Parameters
    ----------
    problem
        The problem.
    training
        Simulator of the training arrivals.
    screening
        Simulator of the beginning of the same arrivals, by which hopeless candidates are told.
    """

    problem: PlacementProblem
    training: Simulator
    screening: Simulator

    @property
    def traffic(self) -> Trace:
        """Arrivals by which demand is measured.

        Where LLMs are served, training runs lie so far apart that they say nothing of rates.
        """
        return (self.training if self.problem.engines is None else self.screening).trace

    def of(self, problem: PlacementProblem) -> SearchSpace:
        """Return the space of another problem of the same models, on the same arrivals."""
        training, screening = self.training.trace, self.screening.trace
        return SearchSpace(problem, Simulator(problem, training), Simulator(problem, screening))

    def score(self, placement: Placement) -> Scored:
        """Simulate a placement on the training arrivals."""
        evaluation = self.training.evaluate(placement)
        missing = int(missing_replicas(self.problem, placement).sum())
        return Scored(placement, Score.of(self.problem, evaluation, missing), evaluation)
