"""Arrays that races read and write; axes and tables are as in `alpaplan.search.kernels.arrays`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.search.kernels.arrays import Change, Draws, Groups, Options
from alpaplan.simulator.kernels.compiling import Entries, InputEntries
from alpaplan.simulator.kernels.fixed import Requests


class Tables(NamedTuple):
    """How long requests take, by shape and profile, and how much they count.

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


class Workspace(NamedTuple):
    """Memory for the simulation of a placement of at most `R` replicas. Changed.

    Parameters
    ----------
    first_replica, group, stages_s : uint32[M + 1], uint32[R], float64[R * S]
        See `alpaplan.simulator.kernels.fixed.Replicas`.
    assigned, attained, latency_sum_s : int64[R], int64[R], float64[R]
        See `alpaplan.simulator.kernels.fixed.Outcome`.
    clock_s, finish_s : float64[S * G], float64[G * capacity]
    num_left, num_entered : uint64[G], uint64[G]
        See `alpaplan.simulator.kernels.fixed.Groups`.
    unrecorded : int32[0]
        Stands for the fate of each request, which is not recorded.
    capacity
        Entries in each group's ring of finish times; 0 if dispatch needs no queues.
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
    """The `K` points at which changes are compared with the current placement.

    Parameters
    ----------
    num_points
        ``K``.
    end : int64[K]
        Requests up to each point.
    weight : float64[K]
        Total weight of these requests.
    merit, slack : float64[K]
        Merit of the current placement, and how much more than `Tally.loss_allowed` may be lost.
    merit_after, attainment_after : float64[K], float64[K]
        Written: merit and weighted attainment of the last simulation, up to where it stopped.
    latency_weight
        See `alpaplan.search.kernels.merit.merit_of`.
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
        Mean loss of merit that is accepted; that of each change is drawn.
    max_evaluations, max_work
        Most changes to simulate, and most requests.
    max_idle
        Most draws in a row that find nothing to change.
    changes_nothing
        Whether to simulate the current placement, and no change.
    lane, num_lanes
        Of every `num_lanes` changes, the one to simulate; the others are those of other lanes.
    """

    temperature: float
    max_evaluations: int
    max_work: int
    max_idle: int
    changes_nothing: bool
    lane: int
    num_lanes: int


class Tally(NamedTuple):
    """What a race has done. Changed.

    Parameters
    ----------
    counts : int64[2]
        Changes that were proposed, and draws in a row that found nothing to change.
    kind, used, work : int64[MOST_CHANGES], int64[MOST_CHANGES], int64[MOST_CHANGES]
        Of each change its kind, the random numbers that are used up after it, and the requests that
        it was simulated on, if it is one of this lane's.
    loss_allowed : float64[1]
        How much merit the last one may lose.
    """

    counts: Entries[np.int64]
    kind: Entries[np.int64]
    used: Entries[np.int64]
    work: Entries[np.int64]
    loss_allowed: Entries[np.float64]


PROPOSED, IDLE = range(2)
"""Entries of `Tally.counts`."""

MOST_CHANGES = 1_024
"""Most changes that one call simulates (a count; 256 to 4,096)."""

NONE_YET = np.iinfo(np.int64).max
"""Entry of `Race.held_out` for a lane that has found nothing."""


class Race(NamedTuple):
    """All that a race reads and writes.

    Parameters
    ----------
    requests
        Training arrivals, at least as many as the course has.
    options, tables
        What changes may choose from, and how long requests take.
    groups, needs : Groups, float64[M]
        The current placement, and cumulative weights by which models are drawn that need replicas.
    draws
        Random numbers, which are used up.
    change, after
        Written: the last change, and the placement after it.
    workspace, course, tally
        Written: how it was simulated, how it compares, and what was done.
    held_out : int64[lanes]
        Written: number of the first change of each lane that held out, or `NONE_YET`. All lanes
        read it, as changes behind the first of these no longer matter.
    """

    requests: Requests
    options: Options
    tables: Tables
    groups: Groups
    needs: Entries[np.float64]
    draws: Draws
    change: Change
    after: Groups
    workspace: Workspace
    course: Course
    tally: Tally
    held_out: Entries[np.int64]
