"""Fixed service without batching: a request takes the same time whatever else runs.

There is one loop for each dispatch rule. What they share:

- Every replica has the same number of stages: those that its group does not have come first and
  take no time. The clock of such a stage is at most the current arrival x, so that
  ``max(x, clock) + 0.0`` is x to the last bit. Loops of constant length are faster than shorter
  ones of varying length, which the processor cannot predict.
- Clocks are stored stage by stage, so that those of all groups' last stages, which earliest-finish
  compares, are adjacent.
- Indices are unsigned: for signed ones, numba also compiles the wrap-around of negative indices,
  which costs shortest-queue a third of its speed.
- The choice between candidates compiles to selects, the acceptance to a branch. Most placements
  accept nearly all requests, and a predicted branch lets the processor start on the next request
  before this one's finish is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.compiling import Input, in_kernel

ONE = np.uint64(1)


class Requests(NamedTuple):
    """`N` requests for `M` models, in order of arrival, and when each is attained.

    Parameters
    ----------
    arrival_s, model : float64[N], uint32[N]
        Arrival and model of each.
    slo_s : float64[M]
        Latency objective of each model.
    overhead_s
        Added to the end of each request's last stage.
    """

    arrival_s: Input[np.float64]
    model: Input[np.uint32]
    slo_s: Input[np.float64]
    overhead_s: float


class Replicas(NamedTuple):
    """`R` replicas, sorted by model, then by group in plan order.

    Parameters
    ----------
    first_replica : uint32[M + 1]
        First replica of each model, and `R`.
    group : uint32[R]
        Group of each replica.
    stage_latency_s : float64[R * num_stages]
        Stage latencies of each replica.
    num_stages
        Stages of every replica, at least 1.
    """

    first_replica: NDArray[np.uint32]
    group: NDArray[np.uint32]
    stage_latency_s: NDArray[np.float64]
    num_stages: int


class Groups(NamedTuple):
    """What `G` groups, at least 1, still have to do. Changed.

    Parameters
    ----------
    clock_s : float64[num_stages * G]
        When each stage of each group is free, stage by stage.
    finish_s : float64[G * capacity]
        Only for shortest-queue: for each group, a ring with the finish times of its accepted
        requests. The entry after the newest is always infinite, which ends the queue. The capacity
        is a power of two, above the longest possible queue.
    num_left, num_entered : uint64[G]
        Only for shortest-queue: how many requests have left and entered each ring.
    """

    clock_s: NDArray[np.float64]
    finish_s: NDArray[np.float64]
    num_left: NDArray[np.uint64]
    num_entered: NDArray[np.uint64]


class Outcome(NamedTuple):
    """Results of a simulation.

    Parameters
    ----------
    assigned, attained, latency_sum_s : int64[R], int64[R], float64[R]
        Added to: requests sent to each replica, those accepted, and the sum of their latencies.
    request_latency_s, request_replica : float64[N], int32[N]
        Written for each accepted request, and for each request that is sent to a replica. Both are
        empty if only sums are wanted.
    """

    assigned: NDArray[np.int64]
    attained: NDArray[np.int64]
    latency_sum_s: NDArray[np.float64]
    request_latency_s: NDArray[np.float64]
    request_replica: NDArray[np.int32]


Kernel: TypeAlias = Callable[[Requests, Replicas, Groups, Outcome], None]


@in_kernel
def _later(left: float, right: float) -> float:
    return left if left > right else right


@in_kernel
def _end_of_last_stage(
    clock_s: NDArray[np.float64],
    stage_latency_s: NDArray[np.float64],
    num_groups: np.uint64,
    num_stages: np.uint64,
    group: np.uint64,
    replica: np.uint64,
    arrival_s: float,
) -> float:
    """Return when the last stage would end, without changing anything."""
    clock = np.uint64(group)
    stage = replica * num_stages
    end_s = arrival_s
    for _ in range(num_stages):
        end_s = _later(clock_s[clock], end_s) + stage_latency_s[stage]
        clock += num_groups
        stage += ONE
    return end_s


@in_kernel
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

    Adding up again is cheaper than storing the ends for requests that may be rejected.
    """
    clock = np.uint64(group)
    stage = replica * num_stages
    end_s = arrival_s
    for _ in range(num_stages):
        end_s = _later(clock_s[clock], end_s) + stage_latency_s[stage]
        clock_s[clock] = end_s
        clock += num_groups
        stage += ONE


@in_kernel
def serve_earliest_finish(
    requests: Requests,
    replicas: Replicas,
    groups: Groups,
    outcome: Outcome,
    first: int,
    end: int,
) -> None:
    """Send each request to the candidate whose last stage is free first."""
    first_replica, group = replicas.first_replica, replicas.group
    stage_latency_s, num_stages = replicas.stage_latency_s, np.uint64(replicas.num_stages)
    clock_s = groups.clock_s
    num_groups = np.uint64(clock_s.size) // num_stages
    last_clock_s = clock_s[num_groups * (num_stages - ONE) :]
    record = outcome.request_latency_s.size > 0
    for request in range(np.uint64(first), np.uint64(end)):
        at_s = requests.arrival_s[request]
        wanted = requests.model[request]
        chosen = np.uint64(first_replica[wanted])
        behind = np.uint64(first_replica[wanted + ONE])
        if chosen == behind:
            continue
        free_s = last_clock_s[group[chosen]]
        for replica in range(chosen + ONE, behind):
            other_free_s = last_clock_s[group[replica]]
            if other_free_s < free_s:
                free_s = other_free_s
                chosen = np.uint64(replica)
        to = group[chosen]
        outcome.assigned[chosen] += 1
        if record:
            outcome.request_replica[request] = chosen
        end_s = _end_of_last_stage(
            clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s
        )
        latency_s = end_s + requests.overhead_s - at_s
        if latency_s <= requests.slo_s[wanted]:
            _occupy_stages(clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s)
            outcome.attained[chosen] += 1
            outcome.latency_sum_s[chosen] += latency_s
            if record:
                outcome.request_latency_s[request] = latency_s


@in_kernel
def serve_shortest_queue(
    requests: Requests,
    replicas: Replicas,
    groups: Groups,
    outcome: Outcome,
    first: int,
    end: int,
) -> None:
    """Send each request to the candidate with the fewest requests accepted and not finished.

    A group finishes requests in the order in which it accepts them, so a ring of finish times is
    its queue. Finished requests leave the ring when the group is next a candidate.
    """
    first_replica, group = replicas.first_replica, replicas.group
    stage_latency_s, num_stages = replicas.stage_latency_s, np.uint64(replicas.num_stages)
    clock_s, queue_s = groups.clock_s, groups.finish_s
    queue_head, queue_tail = groups.num_left, groups.num_entered
    num_groups = np.uint64(queue_head.size)
    capacity = np.uint64(queue_s.size) // num_groups
    wrap = capacity - ONE
    record = outcome.request_latency_s.size > 0
    for request in range(np.uint64(first), np.uint64(end)):
        at_s = requests.arrival_s[request]
        wanted = requests.model[request]
        chosen = np.uint64(first_replica[wanted])
        behind = np.uint64(first_replica[wanted + ONE])
        if chosen == behind:
            continue
        shortest = capacity
        for replica in range(chosen, behind):
            to = group[replica]
            ring = to * capacity
            head = queue_head[to]
            # Mostly none or one has finished; without a branch, that is never mispredicted.
            head += np.uint64(queue_s[ring + (head & wrap)] <= at_s)
            while queue_s[ring + (head & wrap)] <= at_s:
                head += ONE
            queue_head[to] = head
            length = queue_tail[to] - head
            if length < shortest:
                shortest = length
                chosen = np.uint64(replica)
        to = group[chosen]
        outcome.assigned[chosen] += 1
        if record:
            outcome.request_replica[request] = chosen
        end_s = _end_of_last_stage(
            clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s
        )
        finish_s = end_s + requests.overhead_s
        latency_s = finish_s - at_s
        if latency_s <= requests.slo_s[wanted]:
            _occupy_stages(clock_s, stage_latency_s, num_groups, num_stages, to, chosen, at_s)
            ring = to * capacity
            tail = queue_tail[to]
            queue_s[ring + (tail & wrap)] = finish_s
            tail += ONE
            queue_s[ring + (tail & wrap)] = np.inf
            queue_tail[to] = tail
            outcome.attained[chosen] += 1
            outcome.latency_sum_s[chosen] += latency_s
            if record:
                outcome.request_latency_s[request] = latency_s


def earliest_finish(
    requests: Requests, replicas: Replicas, groups: Groups, outcome: Outcome
) -> None:
    """Serve all requests by `serve_earliest_finish`."""
    serve_earliest_finish(requests, replicas, groups, outcome, 0, requests.arrival_s.size)


def shortest_queue(
    requests: Requests, replicas: Replicas, groups: Groups, outcome: Outcome
) -> None:
    """Serve all requests by `serve_shortest_queue`."""
    serve_shortest_queue(requests, replicas, groups, outcome, 0, requests.arrival_s.size)
