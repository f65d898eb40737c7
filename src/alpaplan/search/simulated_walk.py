"""Walks with batching or LLMs: changes are simulated one by one."""

from __future__ import annotations

import math

from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.incremental import IncrementalEvaluator
from alpaplan.search.moves.proposer import Proposer
from alpaplan.search.moves.state import MoveState
from alpaplan.search.walk import Walk
from alpaplan.simulator import Evaluation

SCREENING_SLACK = 0.03
SLACK_REQUESTS = 3
"""How much more a change may lose on the first training arrivals than on all of them before it is
given up: a part of the misses there (a fraction; 0 to 0.2), and some requests (a count; 0 to 20).
With more, changes are given up later; with less, some are that later requests would have made
good."""


class SimulatedWalk(Walk):
    """Simulates only what a change can influence, first on the screening arrivals alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        space, placement = self.attempt.space, self.placement
        self._proposer = Proposer(space.problem, placement, self.attempt.rng)
        self._full = IncrementalEvaluator(space.problem, space.training)
        self._screening = IncrementalEvaluator(space.problem, space.screening)
        self._screened = space.screening.evaluate(placement)
        self._state = MoveState.of(space.problem, placement, self.evaluation)
        self._needs = self.needs

    def step(self, temperature: float, most: int) -> bool:
        """Try one change; whether it is accepted."""
        kind, change = self._proposer.propose(self._state, self._needs)
        if change is None:
            self.idle += 1
            return False
        self.idle = 0
        self.counts.simulated[kind] += 1
        loss_allowed = -temperature * math.log(1.0 - self.attempt.rng.random())
        problem, space, count = self.attempt.problem, self.attempt.space, self.attempt.count
        before, placement = self.placement, change.applied_to(self.placement)
        missing = int(missing_replicas(problem, placement).sum())
        if missing > self.score.missing_replicas:
            return False
        screened, screened_work = self._screening.evaluate(
            before, self._screened, change, placement
        )
        fewer_missing = missing < self.score.missing_replicas
        if not fewer_missing and self._hopeless(screened, loss_allowed):
            count(screened_work)
            return False
        evaluation, work = self._full.evaluate(before, self.evaluation, change, placement)
        work += screened_work
        if not fewer_missing and self._too_bad(evaluation, loss_allowed):
            count(work)
            return False
        score = space.score_of(placement, evaluation, missing)
        count(work + space.objective.penalty_work(problem), score)
        if score < self.score and self.score.compared - score.compared >= loss_allowed:
            return False
        self._accept(kind, placement, evaluation, score)
        self._screened = screened
        self._state = self._state.at(placement, evaluation)
        self._needs = self.needs
        return True

    def _too_bad(self, evaluation: Evaluation, loss_allowed: float) -> bool:
        """Whether a change loses too much under strain, even without any penalty."""
        objective = self.attempt.space.objective
        if not objective.is_strained:
            return False
        merit = objective.merit(self.attempt.problem, evaluation)
        return self.score.compared - merit >= loss_allowed

    def _hopeless(self, screened: Evaluation, loss_allowed: float) -> bool:
        """Whether a change loses far too much on the screening arrivals."""
        problem, objective = self.attempt.problem, self.attempt.space.objective
        attainment = self._screened.weighted_attainment(problem.model_weight)
        old = objective.merit(problem, self._screened)
        new = objective.merit(problem, screened)
        requests = max(1, int(self._screened.requests.sum()))
        slack = SCREENING_SLACK * (1 - attainment) + SLACK_REQUESTS / requests
        return bool(old - new > loss_allowed + slack * objective.worth(attainment))
