"""Fixed service with batching: requests of one model that wait together run together.

Rules B1 to B10 are those of `design/BATCHING.md`. What a group does until its next request is known
when it accepts one, so each group keeps a plan of its queue (`batched_plan`). There is one loop for
each dispatch rule. What they share:

- Each group has a ring of batches: first those that have started, then those that are planned. The
  stages are free for a batch when the batch before it ends there.
- The queue of a group is a linked list of request numbers, and so are the requests of a replica. A
  request's *place* counts the requests that its replica accepted before it. Batches take requests
  of a replica by place, whatever other requests stand between them in the queue.
- Stages are aligned at the first one. Those that a group does not have come last and take no time,
  so that they end when the stage before them does.
- Indices are unsigned, and candidates are compared, as in `fixed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.batched_arrays import Batches, Groups, Loop, Outcome
from alpaplan.simulator.kernels.batched_plan import (
    ONE,
    ZERO,
    begin_plan,
    is_admitted,
    keep_plan,
    make_plan,
    slot_of,
)
from alpaplan.simulator.kernels.compiling import in_kernel

Kernel: TypeAlias = Callable[[Loop], None]

MOST = np.int64(2**62)
"""More requests than a group ever has (a count)."""


@in_kernel
def _note_batch(
    ring: Batches,
    slot: np.uint64,
    arrival_s: NDArray[np.float64],
    next_of_replica: NDArray[np.uint32],
    first_count: NDArray[np.uint32],
    outcome: Outcome,
    count: int,
) -> None:
    """Add the results of a batch to the outcome, or subtract what was expected of it.

    Parameters
    ----------
    ring, slot
        The batch.
    arrival_s, next_of_replica, first_count
        See `Requests`, `Queues` and `Replicas`.
    outcome
        Changed.
    count
        1 to add, -1 to subtract.
    """
    record = outcome.request_latency_s.size > 0
    replica = ring.replica[slot]
    size = np.uint64(ring.size[slot])
    finish_s = ring.finish_s[slot]
    outcome.num_batches[first_count[replica] + size - ONE] += count
    request = np.uint64(ring.head[slot])
    for _ in range(size):
        latency_s = finish_s - arrival_s[request]
        outcome.latency_sum_s[replica] += count * latency_s
        if record:
            outcome.request_latency_s[request] = latency_s
            outcome.request_batch_size[request] = size
        request = np.uint64(next_of_replica[request])


@in_kernel
def start_next_batch(loop: Loop, group: np.uint64) -> np.uint64:
    """Start the first waiting batch of a group; return its slot."""
    groups, queues, ring = loop.groups, loop.queues, loop.ring
    batch = groups.first_waiting[group]
    slot = slot_of(loop.capacity, group, batch)
    _note_batch(
        ring,
        slot,
        loop.requests.arrival_s,
        queues.next_of_replica,
        loop.replicas.first_count,
        loop.outcome,
        1,
    )
    queues.num_started[ring.replica[slot]] = ring.end_place[slot]
    batch += ONE
    groups.first_waiting[group] = batch
    groups.next_start_s[group] = np.inf
    if batch < groups.end[group]:
        groups.next_start_s[group] = ring.end_s[slot * np.uint64(loop.replicas.num_stages)]
    return slot


@in_kernel
def _start_batches(loop: Loop, group: np.uint64, at_s: float) -> None:
    """Start the batches whose start is before the arrival of a request (B10)."""
    while loop.groups.next_start_s[group] < at_s:
        start_next_batch(loop, group)


@in_kernel
def finish_batches(
    groups: Groups, ring: Batches, capacity: int, group: np.uint64, at_s: float
) -> np.int64:
    """Remove batches that have finished (B7); return the number of unfinished requests."""
    batch, end = groups.first_unfinished[group], groups.end[group]
    num_unfinished = np.int64(groups.num_unfinished[group])
    finish_s = groups.next_finish_s[group]
    while finish_s <= at_s:
        num_unfinished -= np.int64(ring.size[slot_of(capacity, group, batch)])
        batch += ONE
        finish_s = ring.finish_s[slot_of(capacity, group, batch)] if batch < end else np.inf
        # A batch that takes no time finishes before it starts, and may grow until then.
        if batch <= groups.first_waiting[group]:
            groups.first_unfinished[group] = batch
            groups.num_unfinished[group] = num_unfinished
            groups.next_finish_s[group] = finish_s
    return num_unfinished


@in_kernel
def end_batches(loop: Loop) -> None:
    """Bring groups to the last arrival, and count waiting batches as they are planned."""
    arrival_s = loop.requests.arrival_s
    for index in range(loop.groups.end.size):
        group = np.uint64(index)
        if arrival_s.size:
            _start_batches(loop, group, arrival_s[np.uint64(arrival_s.size) - ONE])
        batch = loop.groups.first_waiting[group]
        while batch < loop.groups.end[group]:
            _note_batch(
                loop.ring,
                slot_of(loop.capacity, group, batch),
                arrival_s,
                loop.queues.next_of_replica,
                loop.replicas.first_count,
                loop.outcome,
                1,
            )
            batch += ONE


def plan_waiting(loop: Loop) -> bool:
    """Plan requests that wait from an earlier simulation, and subtract what that one expected.

    To be called before one of the loops below. Returns False if a request cannot be in time.
    """
    groups, ring, queues = loop.groups, loop.ring, loop.queues
    for index in range(groups.end.size):
        group = np.uint64(index)
        first = groups.first_waiting[group]
        if first == groups.end[group]:
            continue
        slot = slot_of(loop.capacity, group, first)
        at_s = loop.requests.arrival_s[groups.newest[group]]
        before = slot_of(loop.capacity, group, first - ONE)
        begin_plan(ring, before, loop.plan, np.uint64(loop.replicas.num_stages))
        head, size = np.uint64(ring.head[slot]), np.uint64(ring.size[slot])
        num_batches = make_plan(loop.requests, loop.replicas, queues, loop.plan, head, size, at_s)
        if num_batches == ZERO:
            return False
        keep_plan(loop, group, first, num_batches, at_s)
        for batch in range(num_batches):
            _note_batch(
                ring,
                slot_of(loop.capacity, group, first + batch),
                loop.requests.arrival_s,
                queues.next_of_replica,
                loop.replicas.first_count,
                loop.outcome,
                -1,
            )
    return True


def earliest_finish(loop: Loop) -> None:
    """Send each request to the candidate whose last stage is free first after all its batches."""
    requests, outcome = loop.requests, loop.outcome
    first_replica, group = loop.replicas.first_replica, loop.replicas.group
    free_s = loop.groups.last_free_s
    record = outcome.request_latency_s.size > 0
    for index in range(requests.num_accepted, requests.arrival_s.size):
        request = np.uint64(index)
        at_s = requests.arrival_s[request]
        wanted = requests.model[request]
        chosen = np.uint64(first_replica[wanted])
        end = np.uint64(first_replica[wanted + ONE])
        if chosen == end:
            continue
        chosen_free_s = free_s[group[chosen]]
        for replica in range(chosen + ONE, end):
            other_free_s = free_s[group[replica]]
            if other_free_s < chosen_free_s:
                chosen_free_s = other_free_s
                chosen = np.uint64(replica)
        to = np.uint64(group[chosen])
        outcome.assigned[chosen] += 1
        if record:
            outcome.request_replica[request] = chosen
        _start_batches(loop, to, at_s)
        if is_admitted(loop, request, chosen, to, at_s):
            outcome.attained[chosen] += 1
    end_batches(loop)


def shortest_queue(loop: Loop) -> None:
    """Send each request to the candidate with the fewest requests accepted and not finished."""
    requests, outcome, groups = loop.requests, loop.outcome, loop.groups
    first_replica, group = loop.replicas.first_replica, loop.replicas.group
    record = outcome.request_latency_s.size > 0
    for index in range(requests.num_accepted, requests.arrival_s.size):
        request = np.uint64(index)
        at_s = requests.arrival_s[request]
        wanted = requests.model[request]
        chosen = np.uint64(first_replica[wanted])
        end = np.uint64(first_replica[wanted + ONE])
        if chosen == end:
            continue
        shortest = MOST
        for replica in range(chosen, end):
            to = np.uint64(group[replica])
            _start_batches(loop, to, at_s)
            length = finish_batches(groups, loop.ring, loop.capacity, to, at_s)
            if length < shortest:
                shortest = length
                chosen = np.uint64(replica)
        to = np.uint64(group[chosen])
        outcome.assigned[chosen] += 1
        if record:
            outcome.request_replica[request] = chosen
        if is_admitted(loop, request, chosen, to, at_s):
            outcome.attained[chosen] += 1
            groups.num_unfinished[to] += 1
    end_batches(loop)
