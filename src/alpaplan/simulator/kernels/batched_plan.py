"""How a group plans its queue: the batches that form if no other requests come.

A new request can only change the plan from the first waiting batch of its model on that it may
join. It may join a batch only together with all requests of its model that wait when the batch
starts, as smaller sizes were tried before. The plan is kept up to that batch. The rest is planned
again in `Loop.plan`, and replaces the old batches if all are in time. A request that may join no
batch makes one of its own at the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.batched_arrays import Batches, Loop, Queues, Replicas, Requests
from alpaplan.simulator.kernels.compiling import in_kernel

ONE = np.uint64(1)
ZERO = np.uint64(0)


@in_kernel
def later(left: float, right: float) -> float:
    """Return the later of two times."""
    return left if left > right else right


@in_kernel
def slot_of(capacity: int, group: np.uint64, batch: np.uint64) -> np.uint64:
    """Return the slot of a group's batch in the rings."""
    slots = np.uint64(capacity)
    return np.uint64(group * slots + (batch & (slots - ONE)))


@in_kernel
def _end_of_last_stage(
    end_s: NDArray[np.float64],
    before: np.uint64,
    stage_latency_s: NDArray[np.float64],
    row: np.uint64,
    num_stages: np.uint64,
    at_s: float,
) -> float:
    """Return when a batch after another would end, without changing anything (B4)."""
    free = before * num_stages
    stage = row * num_stages
    x = at_s
    for k in range(num_stages):
        x = later(end_s[free + k], x) + stage_latency_s[stage + k]
    return x


@in_kernel
def _run_largest(
    end_s: NDArray[np.float64],
    before: np.uint64,
    replicas: Replicas,
    replica: np.uint64,
    most: np.uint64,
    at_s: float,
    since_s: float,
    overhead_s: float,
) -> np.uint64:
    """Run the largest batch that is in time after another (B5); return its size, or 0.

    Parameters
    ----------
    end_s
        Ends of stages; those of the batch after `before` are written.
    before
        The batch that runs before.
    replicas, replica
        All replicas, and that of the batch.
    most
        Largest size to try.
    at_s
        When the batch may start.
    since_s
        When its first request arrived.
    overhead_s
        Added to the end of the last stage.
    """
    num_stages = np.uint64(replicas.num_stages)
    stage_latency_s = replicas.stage_latency_s
    free = before * num_stages
    size = most
    stage = (replicas.first_row[replica] + size) * num_stages
    while size > ZERO:
        stage -= num_stages
        x = at_s
        for k in range(num_stages):
            x = later(end_s[free + k], x) + stage_latency_s[stage + k]
            end_s[free + num_stages + k] = x
        if x + overhead_s - since_s <= replicas.slo_s[replica]:
            break
        size -= ONE
    return size


@in_kernel
def make_plan(
    requests: Requests,
    replicas: Replicas,
    queues: Queues,
    plan: Batches,
    first: np.uint64,
    num_requests: np.uint64,
    at_s: float,
) -> np.uint64:
    """Plan requests after batch 0 of the plan; return the number of batches.

    It is 0 if a request cannot be in time. All requests before the first one have batches.

    Parameters
    ----------
    requests, replicas, queues, plan
        See `Loop`.
    first, num_requests
        The first request to plan, and how many to plan.
    at_s
        When the last of them arrived.
    """
    last = ZERO
    request = first
    while True:
        replica = np.uint64(queues.replica[request])
        planned = np.uint64(queues.num_planned[replica])
        if queues.place[request] >= planned:
            waiting = np.uint64(queues.num_accepted[replica]) - planned
            most = min(waiting, np.uint64(replicas.cap[replica]))
            since_s = requests.arrival_s[request]
            size = _run_largest(
                plan.end_s, last, replicas, replica, most, at_s, since_s, requests.overhead_s
            )
            if size == ZERO:
                return ZERO
            last += ONE
            plan.replica[last] = replica
            plan.size[last] = size
            plan.head[last] = request
            plan.end_place[last] = planned + size
            queues.num_planned[replica] = planned + size
            num_requests -= size
            if num_requests == ZERO:
                return last
        request = np.uint64(queues.next_in_group[request])


@in_kernel
def begin_plan(ring: Batches, before: np.uint64, plan: Batches, num_stages: np.uint64) -> None:
    """Begin a plan after the batch in a slot of the ring."""
    for k in range(num_stages):
        plan.end_s[k] = ring.end_s[before * num_stages + k]


@in_kernel
def keep_plan(
    loop: Loop, group: np.uint64, first: np.uint64, num_batches: np.uint64, at_s: float
) -> None:
    """Replace the batches of a group from `first` on by those of the plan.

    Parameters
    ----------
    loop
        All that the loop reads and writes.
    group, first, num_batches
        The group, the first batch that is replaced, and the number of new ones.
    at_s
        When the group accepted its last request.
    """
    plan, ring, groups = loop.plan, loop.ring, loop.groups
    num_stages = np.uint64(loop.replicas.num_stages)
    for planned in range(ONE, num_batches + ONE):
        slot = slot_of(loop.capacity, group, first + planned - ONE)
        ring.replica[slot] = plan.replica[planned]
        ring.size[slot] = plan.size[planned]
        ring.head[slot] = plan.head[planned]
        ring.end_place[slot] = plan.end_place[planned]
        for k in range(num_stages):
            ring.end_s[slot * num_stages + k] = plan.end_s[planned * num_stages + k]
        last_stage = planned * num_stages + num_stages - ONE
        ring.finish_s[slot] = plan.end_s[last_stage] + loop.requests.overhead_s
    groups.end[group] = first + num_batches
    groups.last_free_s[group] = plan.end_s[num_batches * num_stages + num_stages - ONE]
    started = slot_of(loop.capacity, group, groups.first_waiting[group] - ONE)
    groups.next_start_s[group] = later(at_s, ring.end_s[started * num_stages])
    unfinished = slot_of(loop.capacity, group, groups.first_unfinished[group])
    groups.next_finish_s[group] = ring.finish_s[unfinished]


@in_kernel
def first_changed(
    requests: Requests,
    replicas: Replicas,
    ring: Batches,
    capacity: int,
    group: np.uint64,
    first: np.uint64,
    end: np.uint64,
    replica: np.uint64,
    waiting: np.uint64,
    at_s: float,
) -> np.uint64:
    """Return the first waiting batch of a group that one more request changes.

    It is `end` if the request makes a batch of its own.

    Parameters
    ----------
    requests, replicas, ring, capacity
        See `Loop`.
    group, first, end
        The group, its first waiting batch, and one past the last.
    replica, waiting
        Replica of the new request, and how many of its requests wait.
    at_s
        When the request arrives.
    """
    num_stages = np.uint64(replicas.num_stages)
    cap = np.uint64(replicas.cap[replica])
    batch = first
    # `waiting` counts down to the requests that wait when the batch starts.
    while waiting > ZERO:
        slot = slot_of(capacity, group, batch)
        if ring.replica[slot] == replica:
            if waiting < cap:
                before = slot_of(capacity, group, batch - ONE)
                row = replicas.first_row[replica] + waiting
                end_s = _end_of_last_stage(
                    ring.end_s, before, replicas.stage_latency_s, row, num_stages, at_s
                )
                since_s = requests.arrival_s[ring.head[slot]]
                if end_s + requests.overhead_s - since_s <= replicas.slo_s[replica]:
                    return batch
            waiting -= np.uint64(ring.size[slot])
        batch += ONE
    return end


@in_kernel
def is_admitted(
    loop: Loop, request: np.uint64, replica: np.uint64, group: np.uint64, at_s: float
) -> bool:
    """Accept a request if all are in time with it (B6); otherwise change nothing."""
    requests, replicas, ring = loop.requests, loop.replicas, loop.ring
    groups, queues, capacity = loop.groups, loop.queues, loop.capacity
    first_waiting, end = groups.first_waiting[group], groups.end[group]
    accepted = np.uint64(queues.num_accepted[replica])
    waiting = accepted - np.uint64(queues.num_started[replica])
    changed = first_changed(
        requests, replicas, ring, capacity, group, first_waiting, end, replica, waiting, at_s
    )
    queues.replica[request] = replica
    queues.place[request] = accepted
    queues.num_accepted[replica] = accepted + ONE
    queues.next_in_group[groups.newest[group]] = request
    first, num_requests = request, ONE
    batch = end
    while batch > changed:
        batch -= ONE
        slot = slot_of(capacity, group, batch)
        size = np.uint64(ring.size[slot])
        queues.num_planned[ring.replica[slot]] = ring.end_place[slot] - size
        num_requests += size
        first = np.uint64(ring.head[slot])
    before = slot_of(capacity, group, changed - ONE)
    begin_plan(ring, before, loop.plan, np.uint64(replicas.num_stages))
    num_batches = make_plan(requests, replicas, queues, loop.plan, first, num_requests, at_s)
    if num_batches == ZERO:
        queues.num_accepted[replica] = accepted
        queues.num_planned[replica] = accepted
        while batch < end:
            planned = ring.replica[slot_of(capacity, group, batch)]
            queues.num_planned[planned] = queues.num_accepted[planned]
            batch += ONE
        return False
    queues.next_of_replica[queues.newest[replica]] = request
    queues.newest[replica] = request
    groups.newest[group] = request
    keep_plan(loop, group, changed, num_batches, at_s)
    return True
