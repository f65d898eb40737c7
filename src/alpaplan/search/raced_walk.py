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
from alpaplan.search.kernels.race_arrays import IDLE, NONE_YET, Race
from alpaplan.search.lanes import MOST_LANES, Lanes
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
            tally=empty_tally(),
            held_out=np.full(MOST_LANES, NONE_YET),
        )
        self._lanes = Lanes(self._race, self.attempt.idle)
        self._requests_per_model = trace.requests_per_model()
        self._replicas = ReplicaTable(problem)
        self._lanes.simulate()
        self.attempt.add(Usage(0, trace.num_requests))
        missing = int(missing_replicas(problem, self.placement).sum())
        self.evaluation = self._evaluation(self.placement, self._race)
        self.score = space.score_of(self.placement, self.evaluation, missing)
        self._compare_with_this(self._race)

    def step(self, temperature: float, most: int) -> bool:
        """Try changes until one holds out over all training arrivals; whether it is accepted."""
        attempt, race = self.attempt, self._race
        refill(race.draws, attempt.rng, attempt.problem.num_models)
        stretch = self._lanes.find(
            temperature,
            most=min(most, attempt.evaluations_left),
            max_work=min(WORK_AT_ONCE, attempt.work_left),
            max_idle=self.idle + MOST_IDLE,
        )
        self.idle = int(race.tally.counts[IDLE])
        self.counts.simulated[: len(MOVES)] += np.bincount(stretch.kind, minlength=len(MOVES))
        num_changes = stretch.kind.size
        attempt.add(Usage(num_changes, stretch.work + num_changes * RACED_WORK))
        return stretch.winner is not None and self._judge(stretch.winner)

    def _judge(self, race: Race) -> bool:
        """Accept the change that held out unless devices, required replicas or penalties forbid."""
        space, problem = self.attempt.space, self.attempt.problem
        kind = int(race.change.counts[KIND])
        placement = unpack_placement(race.after, problem.num_models)
        changes_sizes = kind in propose.CHANGING_SIZES
        if changes_sizes and assign_devices(problem, placement.shapes.tolist()) is None:
            return False
        missing = int(missing_replicas(problem, placement).sum())
        if missing > self.score.missing_replicas:
            return False
        evaluation = self._evaluation(placement, race)
        score = space.score_of(placement, evaluation, missing)
        self.attempt.add(Usage(0, space.objective.penalty_work(problem)), score)
        lost = self.score.compared - score.compared
        if score < self.score and lost >= race.tally.loss_allowed[0]:
            return False
        self._accept(kind, placement, evaluation, score)
        copy_groups(race.after, race.groups, problem.num_models)
        self._compare_with_this(race)
        return True

    def _compare_with_this(self, race: Race) -> None:
        """Compare changes from now on with the placement that a lane simulated last."""
        course, objective = race.course, self.attempt.space.objective
        race.needs[:] = self.needs
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

    def _evaluation(self, placement: Placement, race: Race) -> Evaluation:
        """Return the evaluation of the placement that a lane simulated last."""
        workspace, replicas = race.workspace, self._replicas.replicas_of(placement)
        count = replicas.group.size
        outcome = fixed.Outcome(
            workspace.assigned[:count],
            workspace.attained[:count],
            workspace.latency_sum_s[:count],
            np.empty(0),
            workspace.unrecorded,
        )
        return summed(outcome, replicas, self._requests_per_model, placement.num_groups)
