"""What racing reads and writes; axes and tables are those of `alpaplan.search.kernels.arrays`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.search.kernels.arrays import Change, Draws, Groups, Options
from alpaplan.simulator.kernels.compiling import Entries, InputEntries
from alpaplan.simulator.kernels.fixed import Requests


class Tables(NamedTuple):
    """What replicas take, by shape and profile.

    Parameters
    ----------
    stages_s : float64[H * P * S]
        Stage latencies, aligned at the last stage: see `alpaplan.simulator.replicas`.
    num_stages : int64[H]
        Stages of each shape.
    model_weight : float64[M]
        How much a request of each model counts.
    """

    stages_s: InputEntries[np.float64]
    num_stages: InputEntries[np.int64]
    model_weight: InputEntries[np.float64]


class Room(NamedTuple):
    """Room for the replicas and groups of a placement while it is simulated, `R` replicas at most.

    Parameters
    ----------
    first_replica, group, stages_s : uint32[M + 1], uint32[R], float64[R * S]
        As of `alpaplan.simulator.kernels.fixed.Replicas`.
    assigned, attained, latency_sum_s : int64[R], int64[R], float64[R]
        As of `alpaplan.simulator.kernels.fixed.Outcome`.
    clock_s, finish_s : float64[S * G], float64[G * capacity]
    num_left, num_entered : uint64[G], uint64[G]
        As of `alpaplan.simulator.kernels.fixed.Groups`.
    unrecorded : int32[0]
        In the place of what became of each request.
    capacity
        Of each group's ring of finish times; 0 where it needs none.
    """

    first_replica: NDArray[np.uint32]
    group: NDArray[np.uint32]
    stages_s: NDArray[np.float64]
    assigned: NDArray[np.int64]
    attained: NDArray[np.int64]
    latency_sum_s: NDArray[np.float64]
    clock_s: NDArray[np.float64]
    finish_s: NDArray[np.float64]
    num_left: NDArray[np.uint64]
    num_entered: NDArray[np.uint64]
    unrecorded: NDArray[np.int32]
    capacity: int


class Course(NamedTuple):
    """The `K` points at which changes are compared with the placement as it is.

    Parameters
    ----------
    num_points
        ``K``.
    end : int64[K]
        Requests up to each point.
    weight : float64[K]
        The weights of these requests together.
    merit, slack : float64[K]
        The merit of the placement as it is, and how much less than allowed a change may have.
    merit_after, attainment_after : float64[K], float64[K]
        Written: merit and weighted attainment of what was simulated last, as far as it came.
    latency_weight
        As of `alpaplan.search.kernels.merit.merit_of`.
    """

    num_points: int
    end: InputEntries[np.int64]
    weight: InputEntries[np.float64]
    merit: Entries[np.float64]
    slack: Entries[np.float64]
    merit_after: Entries[np.float64]
    attainment_after: Entries[np.float64]
    latency_weight: float


class Limits(NamedTuple):
    """When to stop looking for a change.

    Parameters
    ----------
    temperature
        Merit that a change may lose on average; what each may lose is drawn.
    max_evaluations, max_work
        Changes that are simulated, and requests.
    max_idle
        Draws in a row that find nothing to change.
    changes_nothing
        Whether to simulate the placement as it is, and no change.
    """

    temperature: float
    max_evaluations: int
    max_work: int
    max_idle: int
    changes_nothing: bool


class Tally(NamedTuple):
    """What was done.

    Parameters
    ----------
    counts : int64[4]
        Changes that were simulated, requests, draws in a row that found nothing to change, and
        whether a change held out.
    simulated : int64[8]
        Changes of each kind that were simulated.
    loss_allowed : float64[1]
        What the last one may lose.
    """

    counts: Entries[np.int64]
    simulated: Entries[np.int64]
    loss_allowed: Entries[np.float64]


EVALUATIONS, WORK, IDLE, FOUND = range(4)
"""Entries of `Tally.counts`."""


class Race(NamedTuple):
    """All that a race is about.

    Parameters
    ----------
    requests
        Training arrivals, at least as many as the course has.
    options, tables
        What changes may choose from, and what replicas take.
    groups, needs : Groups, float64[M]
        The placement as it is, and how much each model needs replicas, summed up.
    draws
        Random numbers. Used.
    change, after
        Written: the last change, and the placement after it.
    room, course, tally
        Written: how it was simulated, how it compares, and what was done.
    """

    requests: Requests
    options: Options
    tables: Tables
    groups: Groups
    needs: Entries[np.float64]
    draws: Draws
    change: Change
    after: Groups
    room: Room
    course: Course
    tally: Tally
