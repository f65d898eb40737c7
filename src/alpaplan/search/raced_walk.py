"""Walks for fixed service without batching: compiled loops propose and race changes."""

from __future__ import annotations

import math

import numpy as np

from alpaplan.problem import Placement
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.budget import RACED_WORK, Usage
from alpaplan.search.kernels import propose
from alpaplan.search.kernels.arrays import KIND
from alpaplan.search.kernels.race import find_change
from alpaplan.search.kernels.race_arrays import IDLE, Limits, Race
from alpaplan.search.moves import MOVES, shares_of_moves
from alpaplan.search.packing import (
    allocate_change,
    allocate_draws,
    allocate_groups,
    copy_groups,
    pack_options,
    refill,
    unpack_placement,
)
from alpaplan.search.race_packing import allocate_workspace, empty_tally, pack_tables, plan_course
from alpaplan.search.walk import Walk
from alpaplan.simulator import Evaluation
from alpaplan.simulator.fixed_service import packed_requests, summed
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.kernels.compiling import compiled
from alpaplan.simulator.replicas import ReplicaTable

POINTS = (1_500, 5_000, 15_000, 40_000, 120_000)
"""Requests after which changes are compared with the current placement (counts; 500 to 200,000), as
they are after all requests."""

SLACK_REQUESTS = 1.0
SLACK_DEVIATIONS = 0.5
"""How many more requests a change may miss up to a point than it may in the end: some (a count; 0
to 5), and a part of the square root of the misses there, their standard deviation by chance (a
factor; 0 to 1). With more, changes are given up later; with less, some are that later requests
would have made good."""

WORK_AT_ONCE = 3_000_000
"""Requests between two checks of the stopping criteria (a count; 1 to 10 million): 0.05 s."""

MOST_IDLE = 100
"""Draws in a row that find nothing to change between two such checks (a count; 10 to 1,000)."""


class RacedWalk(Walk):
    """Gives up most changes after a small part of the training arrivals."""

    def __post_init__(self) -> None:
        super().__post_init__()
        space, problem = self.attempt.space, self.attempt.problem
        trace = space.training.trace
        options = pack_options(problem, shares_of_moves())
        requests = packed_requests(problem, trace)
        groups = allocate_groups(problem, self.placement)
        self._race = Race(
            requests=requests,
            options=options,
            tables=pack_tables(problem),
            groups=groups,
            needs=self.needs,
            draws=allocate_draws(problem.num_models),
            change=allocate_change(options),
            after=allocate_groups(problem, self.placement),
            workspace=allocate_workspace(problem, options, requests, groups.shape.size),
            course=plan_course(problem, trace, POINTS, space.objective.latency_weight),
            tally=empty_tally(len(MOVES)),
        )
        self._requests_per_model = trace.requests_per_model()
        self._replicas = ReplicaTable(problem)
        self._run = compiled(find_change)
        self._find(0.0, 0, changes_nothing=True)
        missing = int(missing_replicas(problem, self.placement).sum())
        self.evaluation = self._evaluation(self.placement)
        self.score = space.score_of(self.placement, self.evaluation, missing)
        self._compare_with_this()

    def step(self, temperature: float, most: int) -> bool:
        """Try changes until one holds out over all training arrivals; whether it is accepted."""
        tally = self._race.tally
        refill(self._race.draws, self.attempt.rng, self.attempt.problem.num_models)
        before = tally.simulated.copy()
        found = self._find(temperature, min(most, self.attempt.evaluations_left))
        self.counts.simulated[: len(MOVES)] += tally.simulated - before
        self.idle = int(tally.counts[IDLE])
        return found and self._judge()

    def _find(self, temperature: float, most: int, *, changes_nothing: bool = False) -> bool:
        limits = Limits(
            temperature=temperature,
            max_evaluations=most,
            max_work=min(WORK_AT_ONCE, self.attempt.work_left),
            max_idle=self.idle + MOST_IDLE,
            changes_nothing=changes_nothing,
        )
        self._run(self._race, limits)
        evaluations, work, _, found = self._race.tally.counts.tolist()
        self.attempt.add(Usage(evaluations, work + evaluations * RACED_WORK))
        return bool(found)

    def _judge(self) -> bool:
        """Accept the change that held out unless devices, required replicas or penalties forbid."""
        space, problem, race = self.attempt.space, self.attempt.problem, self._race
        kind = int(race.change.counts[KIND])
        placement = unpack_placement(race.after, problem.num_models)
        changes_sizes = kind in propose.CHANGING_SIZES
        if changes_sizes and assign_devices(problem, placement.shapes.tolist()) is None:
            return False
        missing = int(missing_replicas(problem, placement).sum())
        if missing > self.score.missing_replicas:
            return False
        evaluation = self._evaluation(placement)
        score = space.score_of(placement, evaluation, missing)
        self.attempt.add(Usage(0, space.objective.penalty_work(problem)), score)
        lost = self.score.compared - score.compared
        if score < self.score and lost >= race.tally.loss_allowed[0]:
            return False
        self._accept(kind, placement, evaluation, score)
        copy_groups(race.after, race.groups, problem.num_models)
        self._compare_with_this()
        return True

    def _compare_with_this(self) -> None:
        """Compare changes from now on with the placement that was simulated last."""
        course, objective = self._race.course, self.attempt.space.objective
        self._race.needs[:] = self.needs
        course.merit[:] = course.merit_after
        if self.score.missing_replicas or self.score.compared == -math.inf:
            # Required replicas are worth any loss, and nothing is worse than no attained request.
            course.slack[:] = np.inf
            return
        missed = 1 - course.attainment_after
        deviations = SLACK_DEVIATIONS * np.sqrt(missed * course.weight)
        worth = [objective.worth(attainment) for attainment in course.attainment_after.tolist()]
        course.slack[:] = (SLACK_REQUESTS + deviations) / course.weight * worth
        # After all requests only penalties are left, and a change may have none.
        course.slack[-1] = max(0.0, course.merit[-1] - self.score.compared)

    def _evaluation(self, placement: Placement) -> Evaluation:
        """Return the evaluation of a placement that was simulated last."""
        workspace, replicas = self._race.workspace, self._replicas.replicas_of(placement)
        count = replicas.group.size
        outcome = fixed.Outcome(
            workspace.assigned[:count],
            workspace.attained[:count],
            workspace.latency_sum_s[:count],
            np.empty(0),
            workspace.unrecorded,
        )
        return summed(outcome, replicas, self._requests_per_model, placement.num_groups)
