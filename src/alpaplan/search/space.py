"""What stays the same during a search."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        Simulator of the first of these arrivals, for a quick look at candidates.
    objective
        What placements are compared by. The arrivals above come as fast as its strain says.
    longer
        The training arrivals and more of their kind, if simulation is cheap enough for the last
        improvements to use them; None otherwise.
    """

    problem: PlacementProblem
    training: Simulator
    screening: Simulator
    objective: Objective = AS_STATED
    longer: Trace | None = None

    @property
    def traffic(self) -> Trace:
        """Arrivals by which demand is measured.

        With LLMs, training runs are so far apart that they do not show rates.
        """
        return (self.training if self.problem.engines is None else self.screening).trace

    def of(self, problem: PlacementProblem) -> SearchSpace:
        """Return the space of another problem of the same models, on the same arrivals."""
        training = Simulator(problem, self.training.trace)
        screening = Simulator(problem, self.screening.trace)
        return SearchSpace(problem, training, screening, self.objective, self.longer)

    def lengthened(self) -> SearchSpace:
        """Return the space that trains on `longer`; itself without that."""
        if self.longer is None:
            return self
        return replace(self, training=Simulator(self.problem, self.longer), longer=None)

    def strained(self, factor: float) -> SearchSpace:
        """Return the space in which requests come faster, and headroom is compared.

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
        longer = None if self.longer is None else self.longer.faster(factor)
        return SearchSpace(self.problem, training, screening, objective, longer)

    def score(self, placement: Placement) -> Scored:
        """Simulate a placement on the training arrivals."""
        evaluation = self.training.evaluate(placement)
        return Scored(placement, self.score_of(placement, evaluation), evaluation)

    def score_of(
        self, placement: Placement, evaluation: Evaluation, missing: int | None = None
    ) -> Score:
        """Score a placement, given its evaluation.

        Parameters
        ----------
        placement, evaluation
            The placement, and how it did on the training arrivals.
        missing
            How many required replicas it lacks; None to count them.
        """
        problem, objective = self.problem, self.objective
        if missing is None:
            missing = int(missing_replicas(problem, placement).sum())
        if not objective.is_strained:
            return Score.of(problem, evaluation, missing)
        merit = objective.merit(problem, evaluation)
        merit -= objective.penalty(problem, placement, evaluation)
        return Score.of(problem, evaluation, missing, merit)
