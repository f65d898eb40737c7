"""The loops over requests, one for each dispatch rule. Nothing here knows what a spec is.

What all loops share:

- Replicas are rows ``0 .. R`` sorted by model, then by group. Those of model m are
  ``first_replica[m] .. first_replica[m + 1]``, in plan order of their groups.
- Every replica has the same number of stages: those that its group does not have come first
  and take no time. There x is the arrival and the clock an earlier arrival, so that
  ``max(x, clock) + 0.0`` is x to the last bit. Loops of one length are faster than short
  loops of changing length, which the processor cannot predict.
- Clocks are stored stage by stage, so that the last stage's clocks of all groups, which
  earliest-finish compares, lie side by side.
- Indices are unsigned, because for signed ones numba also compiles the wrap-around of
  negative indices, which costs shortest-queue a third of its speed.
- A choice between candidates is compiled to selects, the acceptance to a branch: most
  placements accept nearly all requests, and a predicted branch lets the processor start the
  next request before this one's finish is known.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

ONE = np.uint64(1)
# Left to itself, the compiler keeps calls, each of which hands over every field of both arrays.
_IN_KERNEL = njit(error_model="numpy", forceinline=True)


@_IN_KERNEL
def _later(left: float, right: float) -> float:
    return left if left > right else right


@_IN_KERNEL
def _end_of_last_stage(
    clock_s: NDArray[np.float64],
    stage_latency_s: NDArray[np.float64],
    num_groups: np.uint64,
    num_stages: np.uint64,
    group: np.uint64,
    replica: np.uint64,
    arrival_s: float,
) -> float:
    """Return when the last stage would end, and change nothing."""
    clock = np.uint64(group)
    stage = replica * num_stages
    end_s = arrival_s
    for _ in range(num_stages):
        end_s = _later(clock_s[clock], end_s) + stage_latency_s[stage]
        clock += num_groups
        stage += ONE
    return end_s


@_IN_KERNEL
def _occupy_stages(
    clock_s: NDArray[np.float64],
    stage_latency_s: NDArray[np.float64],
    num_groups: np.uint64,
    num_stages: np.uint64,
    group: np.uint64,
    replica: np.uint64,
    arrival_s: float,
) -> None:
    """Set the group's clocks to the end of each stage.

    Adding up again is cheaper than keeping the ends of a request that may be rejected.
    """
    clock = np.uint64(group)
    stage = replica * num_stages
    end_s = arrival_s
    for _ in range(num_stages):
        end_s = _later(clock_s[clock], end_s) + stage_latency_s[stage]
        clock_s[clock] = end_s
        clock += num_groups
        stage += ONE


def earliest_finish(
    arrival_s: NDArray[np.float64],
    model: NDArray[np.uint32],
    first_replica: NDArray[np.uint32],
    group: NDArray[np.uint32],
    stage_latency_s: NDArray[np.float64],
    num_stages: np.uint64,
    slo_s: NDArray[np.float64],
    request_overhead_s: float,
    clock_s: NDArray[np.float64],
    assigned: NDArray[np.int64],
    attained: NDArray[np.int64],
    latency_sum_s: NDArray[np.float64],
    request_latency_s: NDArray[np.float64],
    request_replica: NDArray[np.int32],
) -> None:
    """Send each request to the candidate whose last stage is free first.

    There has to be at least one group and one stage.

    Parameters
    ----------
    arrival_s, model : float64[N], uint32[N]
        The requests.
    first_replica : uint32[M + 1]
        First replica of each model.
    group : uint32[R]
        Group of each replica.
    stage_latency_s : float64[R * num_stages]
        Stage latencies of each replica.
    num_stages
        Stages of every replica.
    slo_s : float64[M]
        Latency objective of each model.
    request_overhead_s
        Added to the end of the last stage.
    clock_s : float64[num_stages * G]
        When each stage of each group is free, stage by stage. Changed.
    assigned, attained, latency_sum_s : int64[R], int64[R], float64[R]
        Added to: requests that chose the replica, those accepted, and their latencies.
    request_latency_s, request_replica : float64[N], int32[N]
        Written for each accepted request, and for each that found a replica. Both empty if
        only the sums are wanted.
    """
    num_groups = np.uint64(clock_s.size) // num_stages
    last_clock_s = clock_s[num_groups * (num_stages - ONE) :]
    record = request_latency_s.size > 0
    for request in range(np.uint64(arrival_s.size)):
        at_s = arrival_s[request]
        wanted = model[request]
        chosen = np.uint64(first_replica[wanted])
        end = np.uint64(first_replica[wanted + ONE])
        if chosen == end:
            continue
        free_s = last_clock_s[group[chosen]]
        for replica in range(chosen + ONE, end):
            other_free_s = last_clock_s[group[replica]]
            if other_free_s < free_s:
                free_s = other_free_s
                chosen = np.uint64(replica)
        to = group[chosen]
        assigned[chosen] += 1
        if record:
            request_replica[request] = chosen
        end_s = _end_of_last_stage(
            clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s
        )
        latency_s = end_s + request_overhead_s - at_s
        if latency_s <= slo_s[wanted]:
            _occupy_stages(clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s)
            attained[chosen] += 1
            latency_sum_s[chosen] += latency_s
            if record:
                request_latency_s[request] = latency_s


def shortest_queue(
    arrival_s: NDArray[np.float64],
    model: NDArray[np.uint32],
    first_replica: NDArray[np.uint32],
    group: NDArray[np.uint32],
    stage_latency_s: NDArray[np.float64],
    num_stages: np.uint64,
    slo_s: NDArray[np.float64],
    request_overhead_s: float,
    clock_s: NDArray[np.float64],
    queue_s: NDArray[np.float64],
    queue_head: NDArray[np.uint64],
    queue_tail: NDArray[np.uint64],
    assigned: NDArray[np.int64],
    attained: NDArray[np.int64],
    latency_sum_s: NDArray[np.float64],
    request_latency_s: NDArray[np.float64],
    request_replica: NDArray[np.int32],
) -> None:
    """Send each request to the candidate with the fewest requests accepted and not finished.

    A group finishes its requests in the order in which it accepts them, so a ring of finish
    times is its queue. What has finished leaves the ring when the group is next a candidate.

    Parameters
    ----------
    queue_s : float64[G * capacity]
        Finish times, a ring for each group, whose first entry has to be infinite. The entry
        behind the newest is always infinite, so that no request is read that is not there.
        The capacity is a power of two and above the longest possible queue. Changed.
    queue_head, queue_tail : uint64[G]
        Requests that have left and entered each ring, all 0 at the start. Changed.
    others
        As in `earliest_finish`.
    """
    num_groups = np.uint64(queue_head.size)
    capacity = np.uint64(queue_s.size) // num_groups
    wrap = capacity - ONE
    record = request_latency_s.size > 0
    for request in range(np.uint64(arrival_s.size)):
        at_s = arrival_s[request]
        wanted = model[request]
        chosen = np.uint64(first_replica[wanted])
        end = np.uint64(first_replica[wanted + ONE])
        if chosen == end:
            continue
        shortest = capacity
        for replica in range(chosen, end):
            to = group[replica]
            ring = to * capacity
            head = queue_head[to]
            # Mostly none or one has finished, which without a branch is never mispredicted.
            head += np.uint64(queue_s[ring + (head & wrap)] <= at_s)
            while queue_s[ring + (head & wrap)] <= at_s:
                head += ONE
            queue_head[to] = head
            length = queue_tail[to] - head
            if length < shortest:
                shortest = length
                chosen = np.uint64(replica)
        to = group[chosen]
        assigned[chosen] += 1
        if record:
            request_replica[request] = chosen
        end_s = _end_of_last_stage(
            clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s
        )
        finish_s = end_s + request_overhead_s
        latency_s = finish_s - at_s
        if latency_s <= slo_s[wanted]:
            _occupy_stages(clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s)
            ring = to * capacity
            tail = queue_tail[to]
            queue_s[ring + (tail & wrap)] = finish_s
            tail += ONE
            queue_s[ring + (tail & wrap)] = np.inf
            queue_tail[to] = tail
            attained[chosen] += 1
            latency_sum_s[chosen] += latency_s
            if record:
                request_latency_s[request] = latency_s
