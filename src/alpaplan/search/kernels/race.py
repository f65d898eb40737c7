"""Races changes against the current placement, on more and more requests.

Most changes are clearly worse on the first requests already. They are given up there, which leaves
time to try others. One that holds out to the last request is left to the caller to judge.

Changes are numbered as they are drawn. Several lanes may race side by side, each of them every n-th
change: they all draw the same ones, and each simulates its own.
"""

from __future__ import annotations

import math

import numpy as np

from alpaplan.search.kernels.arrays import KIND, Groups, Options
from alpaplan.search.kernels.draw import draw
from alpaplan.search.kernels.merit import merit_of
from alpaplan.search.kernels.propose import (
    DRAWS_OF_MODEL,
    OTHER_DRAWS,
    apply_change,
    draw_change,
)
from alpaplan.search.kernels.race_arrays import (
    IDLE,
    PROPOSED,
    Course,
    Limits,
    Race,
    Tables,
    Workspace,
)
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.kernels.compiling import called_by_kernels, in_kernel
from alpaplan.simulator.kernels.fixed import serve_earliest_finish, serve_shortest_queue


@called_by_kernels
def _lay_out(
    options: Options, tables: Tables, groups: Groups, workspace: Workspace
) -> tuple[int, int]:
    """Write a placement to the workspace; return its number of replicas and its most stages."""
    num_models, num_groups, width = options.num_models, groups.num_groups[0], options.num_stages
    most_stages = 1
    for group in range(num_groups):
        most_stages = max(most_stages, tables.num_stages[groups.shape[group]])
    count = 0
    for model in range(num_models):
        workspace.first_replica[model] = count
        profile = options.profile[model]
        for group in range(num_groups):
            if groups.held[group * num_models + model]:
                workspace.group[count] = group
                entry = (groups.shape[group] * options.num_profiles + profile + 1) * width
                for stage in range(most_stages):
                    workspace.stages_s[count * most_stages + stage] = tables.stages_s[
                        entry - most_stages + stage
                    ]
                workspace.assigned[count] = 0
                workspace.attained[count] = 0
                workspace.latency_sum_s[count] = 0.0
                count += 1
    workspace.first_replica[num_models] = count
    for clock in range(most_stages * num_groups):
        workspace.clock_s[clock] = -np.inf
    if workspace.capacity:
        for group in range(num_groups):
            workspace.finish_s[group * workspace.capacity] = np.inf
            workspace.num_left[group] = 0
            workspace.num_entered[group] = 0
    return count, most_stages


@called_by_kernels
def _compare(
    tables: Tables, num_models: int, workspace: Workspace, course: Course, point: int
) -> None:
    """Write the attainment and the merit up to a point."""
    attained, number, latency_s = 0.0, 0, 0.0
    for model in range(num_models):
        of_model = 0
        for replica in range(workspace.first_replica[model], workspace.first_replica[model + 1]):
            of_model += workspace.attained[replica]
            latency_s += workspace.latency_sum_s[replica]
        number += of_model
        attained += of_model * tables.model_weight[model]
    # Weights are added up in another order there, which rounds differently.
    attainment = min(1.0, attained / course.weight[point])
    course.attainment_after[point] = attainment
    mean_s = latency_s / max(1, number)
    course.merit_after[point] = merit_of(attainment, mean_s, course.latency_weight)


@in_kernel
def _is_behind(race: Race, number: int, num_lanes: int) -> bool:
    """Whether a change with a smaller number held out, as far as this lane can see."""
    first = number
    for lane in range(num_lanes):
        first = min(first, race.held_out[lane])
    return first < number


@called_by_kernels
def _holds_out(race: Race, groups: Groups, number: int, num_lanes: int) -> bool:
    """Simulate a placement from point to point; False once it loses more than it may."""
    workspace, course, tally = race.workspace, race.course, race.tally
    num_replicas, num_stages = _lay_out(race.options, race.tables, groups, workspace)
    num_groups = groups.num_groups[0]
    replicas = fixed.Replicas(
        workspace.first_replica,
        workspace.group[:num_replicas],
        workspace.stages_s[: num_replicas * num_stages],
        num_stages,
    )
    state = fixed.Groups(
        workspace.clock_s[: num_stages * num_groups],
        workspace.finish_s[: num_groups * workspace.capacity],
        workspace.num_left[:num_groups],
        workspace.num_entered[:num_groups],
    )
    outcome = fixed.Outcome(
        workspace.assigned[:num_replicas],
        workspace.attained[:num_replicas],
        workspace.latency_sum_s[:num_replicas],
        workspace.clock_s[:0],
        workspace.unrecorded,
    )
    first = 0
    for point in range(course.num_points):
        end = course.end[point]
        if workspace.capacity:
            serve_shortest_queue(race.requests, replicas, state, outcome, first, end)
        else:
            serve_earliest_finish(race.requests, replicas, state, outcome, first, end)
        tally.work[number] += end - first
        first = end
        _compare(race.tables, race.options.num_models, workspace, course, point)
        # As Python's floats, of which two that are infinite are subtracted without a warning.
        lost = float(course.merit[point]) - float(course.merit_after[point])
        if lost > tally.loss_allowed[0] + course.slack[point]:
            return False
        if _is_behind(race, number, num_lanes):
            return False
    return True


def find_change(race: Race, limits: Limits) -> None:
    """Propose changes until one of this lane's holds out, or one with a smaller number does.

    None does if a limit is reached first, or if too few random numbers are left. Requests go to the
    shortest queue if the workspace has queues, else to the group that is free first.

    Parameters
    ----------
    race
        What is read and written.
    limits
        When to stop.
    """
    num_models, num_lanes, tally = race.options.num_models, limits.num_lanes, race.tally
    enough = race.draws.num_values - DRAWS_OF_MODEL * num_models - OTHER_DRAWS
    tally.work[0] = 0
    if limits.changes_nothing:
        _holds_out(race, race.groups, 0, 0)
        return
    number, work = 0, 0
    while (
        number < limits.max_evaluations
        and work < limits.max_work
        and tally.counts[IDLE] < limits.max_idle
        and race.draws.used[0] < enough
        and not _is_behind(race, number, num_lanes)
    ):
        if not draw_change(race.options, race.groups, race.needs, race.change, race.draws):
            tally.counts[IDLE] += 1
            continue
        tally.counts[IDLE] = 0
        tally.loss_allowed[0] = -limits.temperature * math.log(1.0 - draw(race.draws))
        tally.kind[number] = race.change.counts[KIND]
        tally.used[number] = race.draws.used[0]
        tally.work[number] = 0
        if number % num_lanes == limits.lane:
            apply_change(num_models, race.groups, race.change, race.after)
            if _holds_out(race, race.after, number, num_lanes):
                race.held_out[limits.lane] = number
            work += tally.work[number]
        number += 1
    tally.counts[PROPOSED] = number
