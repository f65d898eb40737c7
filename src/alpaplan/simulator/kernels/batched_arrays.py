"""Arrays of the kernels with batching."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.compiling import Input


class Requests(NamedTuple):
    """`N` requests for `M` models, in order of arrival.

    Parameters
    ----------
    arrival_s, model : float64[N], uint32[N]
        Arrival and model of each.
    num_accepted
        How many, from the first on, an earlier simulation has accepted: these wait, as `Queues`
        says, or belong to groups that are gone.
    overhead_s
        Added to the end of each batch's last stage.
    """

    arrival_s: Input[np.float64]
    model: Input[np.uint32]
    num_accepted: int
    overhead_s: float


class Replicas(NamedTuple):
    """`R` replicas: those that still get requests, by model and group in plan order, then others.

    Parameters
    ----------
    first_replica : uint32[M + 1]
        First replica of each model, and the first of those to which no more requests are sent.
    group, cap, slo_s : uint32[R], uint32[R], float64[R]
        Group, largest batch and latency objective of each replica.
    first_row : uint32[R]
        Row of a single request in `stage_latency_s`; larger batches follow.
    first_count : uint32[R]
        The same in `Outcome.num_batches`.
    stage_latency_s : float64[rows * num_stages]
        Stage latencies of batches.
    num_stages
        Stages of every row, at least 1.
    """

    first_replica: NDArray[np.uint32]
    group: NDArray[np.uint32]
    cap: NDArray[np.uint32]
    slo_s: NDArray[np.float64]
    first_row: NDArray[np.uint32]
    first_count: NDArray[np.uint32]
    stage_latency_s: Input[np.float64]
    num_stages: int


class Batches(NamedTuple):
    """Batches in the rings of `G` groups, or in a plan that is being made. Changed.

    Parameters
    ----------
    end_s, finish_s : float64[slots * num_stages], float64[slots]
        When each stage is done with the batch, and when its requests finish (not in a plan).
    replica, size, head : uint32[slots]
        Replica of the batch, number of its requests, and the first of them.
    end_place : uint32[slots]
        Place of the replica's first request after the batch.
    """

    end_s: NDArray[np.float64]
    finish_s: NDArray[np.float64]
    replica: NDArray[np.uint32]
    size: NDArray[np.uint32]
    head: NDArray[np.uint32]
    end_place: NDArray[np.uint32]


class Groups(NamedTuple):
    """What `G` groups, at least 1, still have to do. Changed.

    Batches of a group are numbered from 1. Batch 0 stands for all earlier work: it ends when the
    stages are free. Batch b is in slot ``b % capacity`` of the group's ring.

    Parameters
    ----------
    first_unfinished, first_waiting, end : uint64[G]
        First batch that has not finished (only for shortest-queue), first one that has not started,
        and one past the last.
    num_unfinished : int64[G]
        Only for shortest-queue: requests of all batches from the first unfinished one on.
    next_start_s, next_finish_s, last_free_s : float64[G]
        When the first waiting batch starts, and when the first unfinished one finishes (only for
        shortest-queue), infinite if there is none; when the last stage is free after all batches.
    newest : uint32[G]
        Last request of each queue; N if there never was one.
    """

    first_unfinished: NDArray[np.uint64]
    first_waiting: NDArray[np.uint64]
    end: NDArray[np.uint64]
    num_unfinished: NDArray[np.int64]
    next_start_s: NDArray[np.float64]
    next_finish_s: NDArray[np.float64]
    last_free_s: NDArray[np.float64]
    newest: NDArray[np.uint32]


class Queues(NamedTuple):
    """Where requests stand in queues. Changed.

    Parameters
    ----------
    replica, place : uint32[N]
        Replica of each accepted request, and its place among those that the replica accepted.
    next_in_group, next_of_replica : uint32[N + 1]
        The next request in the queue of its group, and the next one of its replica.
    num_accepted, num_planned, num_started : uint32[R]
        Requests that each replica has accepted, those of them in batches (all, except while a plan
        is made), and those in batches that have started.
    newest : uint32[R]
        Last request of each replica; N if there never was one.
    """

    replica: NDArray[np.uint32]
    place: NDArray[np.uint32]
    next_in_group: NDArray[np.uint32]
    next_of_replica: NDArray[np.uint32]
    num_accepted: NDArray[np.uint32]
    num_planned: NDArray[np.uint32]
    num_started: NDArray[np.uint32]
    newest: NDArray[np.uint32]


class Outcome(NamedTuple):
    """Results of a simulation.

    Parameters
    ----------
    assigned, attained, latency_sum_s : int64[R], int64[R], float64[R]
        Added to: requests sent to each replica, those accepted, and the sum of their latencies.
    num_batches : int64[sum of caps]
        Added to: batches of each replica and size.
    request_latency_s, request_replica, request_batch_size : float64[N], int32[N], int32[N]
        Written: latency and batch of each accepted request, replica of each that found one. All
        empty if only the sums are wanted.
    """

    assigned: NDArray[np.int64]
    attained: NDArray[np.int64]
    latency_sum_s: NDArray[np.float64]
    num_batches: NDArray[np.int64]
    request_latency_s: NDArray[np.float64]
    request_replica: NDArray[np.int32]
    request_batch_size: NDArray[np.int32]


class Loop(NamedTuple):
    """All that a loop reads and writes.

    Parameters
    ----------
    requests, replicas, groups, queues, outcome
        As their classes say.
    ring
        The batches of all groups.
    plan
        Scratch space for the plan of a group: the batch before it, and as many as a ring holds.
    capacity
        Slots of each ring: a power of two, above the most batches that a group keeps at a time.
    """

    requests: Requests
    replicas: Replicas
    groups: Groups
    queues: Queues
    outcome: Outcome
    ring: Batches
    plan: Batches
    capacity: int
