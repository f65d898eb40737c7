"""What never changes during a search."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.candidate import Score, Scored
from alpaplan.search.objective import AS_STATED, Objective, requests_for_losses
from alpaplan.simulator import Evaluation, Simulator
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
    objective
        What placements are compared by; the arrivals are as much faster as it says.
    """

    problem: PlacementProblem
    training: Simulator
    screening: Simulator
    objective: Objective = AS_STATED

    @property
    def traffic(self) -> Trace:
        """Arrivals by which demand is measured.

        Where LLMs are served, training runs lie so far apart that they say nothing of rates.
        """
        return (self.training if self.problem.engines is None else self.screening).trace

    def of(self, problem: PlacementProblem) -> SearchSpace:
        """Return the space of another problem of the same models, on the same arrivals."""
        training, screening = self.training.trace, self.screening.trace
        return SearchSpace(
            problem, Simulator(problem, training), Simulator(problem, screening), self.objective
        )

    def strained(self, factor: float) -> SearchSpace:
        """Return the space in which requests come faster, and what is to spare is compared.

        Parameters
        ----------
        factor
            How many times as fast they come, above 1.
        """
        training, screening = (
            Simulator(self.problem, simulator.trace.faster(factor))
            for simulator in (self.training, self.screening)
        )
        stated = self.screening.trace.take(slice(requests_for_losses(self.problem)))
        objective = Objective(factor, Simulator(self.problem, stated))
        return SearchSpace(self.problem, training, screening, objective)

    def score(self, placement: Placement) -> Scored:
        """Simulate a placement on the training arrivals."""
        evaluation = self.training.evaluate(placement)
        return Scored(placement, self.score_of(placement, evaluation), evaluation)

    def score_of(
        self, placement: Placement, evaluation: Evaluation, missing: int | None = None
    ) -> Score:
        """Score a placement by what was simulated of it.

        Parameters
        ----------
        placement, evaluation
            The placement, and how it did on the training arrivals.
        missing
            How many replicas it lacks that models have to have; None: to be counted.
        """
        problem, objective = self.problem, self.objective
        if missing is None:
            missing = int(missing_replicas(problem, placement).sum())
        if not objective.is_strained:
            return Score.of(problem, evaluation, missing)
        merit = objective.merit(problem, evaluation)
        merit -= objective.penalty(problem, placement, evaluation)
        return Score.of(problem, evaluation, missing, merit)
