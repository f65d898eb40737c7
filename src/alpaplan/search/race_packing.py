"""Packs what races need: tables, memory for a simulation, and the points at which to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.search.kernels.arrays import Change, Groups, Options
from alpaplan.search.kernels.race_arrays import (
    MOST_CHANGES,
    Course,
    Race,
    Tables,
    Tally,
    Workspace,
)
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.kernels.compiling import as_input
from alpaplan.simulator.replicas import aligned_stages_s
from alpaplan.simulator.trace_limits import TraceLimits
from alpaplan.workload.trace import Trace

Arrays = TypeVar("Arrays", Change, Groups, Workspace, Tally)


def pack_tables(problem: PlacementProblem) -> Tables:
    """Return how long requests take, and how much they count."""
    return Tables(
        stages_s=as_input(aligned_stages_s(problem).ravel(), np.float64),
        num_stages=as_input(problem.num_stages, np.int64),
        model_weight=as_input(problem.model_weight, np.float64),
    )


def allocate_workspace(
    problem: PlacementProblem, options: Options, requests: fixed.Requests, num_groups: int
) -> Workspace:
    """Return memory for the simulation of any placement of so many groups."""
    num_models, num_stages = problem.num_models, options.num_stages
    most = _most_replicas(problem, options, num_groups)
    limits = TraceLimits(requests, problem.dispatch)
    capacity = 0
    if limits.counts_queues:
        shortest_s = aligned_stages_s(problem)[problem.supported][:, -1].min(initial=np.inf)
        capacity = 1 << (limits.most_at_once(float(shortest_s)) + 1).bit_length()

    def counts(size: int) -> NDArray[np.int64]:
        return np.zeros(size, dtype=np.int64)

    return Workspace(
        first_replica=np.zeros(num_models + 1, dtype=np.uint32),
        group=np.zeros(most, dtype=np.uint32),
        stages_s=np.zeros(most * num_stages),
        assigned=counts(most),
        attained=counts(most),
        latency_sum_s=np.zeros(most),
        clock_s=np.zeros(num_stages * num_groups),
        finish_s=np.zeros(num_groups * capacity),
        num_left=np.zeros(num_groups if capacity else 0, dtype=np.uint64),
        num_entered=np.zeros(num_groups if capacity else 0, dtype=np.uint64),
        unrecorded=np.empty(0, dtype=np.int32),
        capacity=capacity,
    )


def _most_replicas(problem: PlacementProblem, options: Options, num_groups: int) -> int:
    """Return an upper bound on the replicas of a placement.

    A group holds at most one replica of each model, and at most as many as the smallest one fits
    into the memory of all its stages: replicas may be heavy on different stages.
    """
    num_shapes, num_profiles = problem.supported.shape
    kept = options.kept_bytes.reshape(num_shapes, num_profiles, -1).sum(axis=2)
    smallest = np.where(problem.supported, kept, np.iinfo(np.int64).max).min(axis=1)
    usable = options.usable_bytes * problem.num_stages
    each = np.minimum(problem.num_models, usable // np.maximum(1, smallest))
    of_device = float((each / options.num_devices).max())
    most = min(num_groups * problem.num_models, int(of_device * num_groups) + 1)
    return most + problem.num_models


def plan_course(
    problem: PlacementProblem, trace: Trace, points: Sequence[int], latency_weight: float
) -> Course:
    """Return the points of a trace at which placements are compared, with arrays for the results.

    Parameters
    ----------
    problem, trace
        The problem and its arrivals.
    points
        Numbers of requests after which to compare; those in the second half are left out.
    latency_weight
        See `alpaplan.search.kernels.merit.merit_of`.
    """
    total = trace.num_requests
    ends = np.array([*(point for point in points if 2 * point <= total), total], dtype=np.int64)
    weight = np.cumsum(problem.model_weight[trace.model])[ends - 1]
    return Course(
        num_points=ends.size,
        end=as_input(ends, np.int64),
        weight=as_input(weight, np.float64),
        merit=np.zeros(ends.size),
        slack=np.full(ends.size, np.inf),
        merit_after=np.zeros(ends.size),
        attainment_after=np.zeros(ends.size),
        latency_weight=latency_weight,
    )


def empty_tally() -> Tally:
    """Return a tally of zeros."""

    def zeros(count: int) -> NDArray[np.int64]:
        return np.zeros(count, dtype=np.int64)

    return Tally(
        counts=zeros(2),
        kind=zeros(MOST_CHANGES),
        used=zeros(MOST_CHANGES),
        work=zeros(MOST_CHANGES),
        loss_allowed=np.zeros(1),
    )


def beside(race: Race) -> Race:
    """Return a race that reads what another one reads, and writes to arrays of its own."""
    course = race.course
    return race._replace(
        draws=race.draws._replace(used=race.draws.used.copy()),
        change=_copied(race.change),
        after=_copied(race.after),
        workspace=_copied(race.workspace),
        course=course._replace(
            merit_after=course.merit_after.copy(), attainment_after=course.attainment_after.copy()
        ),
        tally=_copied(race.tally),
    )


def _copied(arrays: Arrays) -> Arrays:
    """Return the same numbers in arrays of their own."""
    fields: dict[str, Any] = arrays._asdict()
    copies = {name: each.copy() for name, each in fields.items() if isinstance(each, np.ndarray)}
    return arrays._replace(**{**fields, **copies})
