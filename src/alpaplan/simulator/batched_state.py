"""States of groups as the kernels with batching keep them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.batched_replicas import BatchedReplicas
from alpaplan.simulator.group_state import GroupState, WaitingRequests
from alpaplan.simulator.kernels import batched_arrays as arrays
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.trace_limits import TraceLimits
from alpaplan.specs.choices import Dispatch


class BatchedStateConverter:
    """Converts between `GroupState` and the arrays of the kernels with batching.

    Parameters
    ----------
    requests
        The requests to simulate.
    dispatch
        The rule by which they are sent to groups.
    """

    def __init__(self, requests: fixed.Requests, dispatch: Dispatch) -> None:
        self._limits = TraceLimits(requests, dispatch)
        self._requests = arrays.Requests(requests.arrival_s, requests.model, 0, requests.overhead_s)

    def _requests_behind(self, waiting: WaitingRequests) -> arrays.Requests:
        """Return the waiting requests, followed by those to simulate."""
        requests = self._requests
        if not len(waiting):
            return requests
        arrival_s = np.concatenate([waiting.arrival_s, requests.arrival_s])
        model = np.concatenate([waiting.model.astype(np.uint32), requests.model])
        arrival_s.setflags(write=False)
        model.setflags(write=False)
        return arrays.Requests(arrival_s, model, len(waiting), requests.overhead_s)

    def to_kernel(
        self,
        start: GroupState | None,
        replicas: BatchedReplicas,
        group_num_stages: NDArray[np.int64],
        outcome: arrays.Outcome,
    ) -> arrays.Loop:
        """Return all that a kernel takes. Waiting requests come before those to simulate.

        Parameters
        ----------
        start
            Where the groups start from; None if they are idle.
        replicas
            The placement's.
        group_num_stages : int64[G]
            How many stages each group has.
        outcome
            Where the kernel writes the results.

        Raises
        ------
        ValueError
            As `TraceLimits.check`.
        """
        requests, at_start = self._requests, 0
        if start is not None:
            self._limits.check(start, group_num_stages.size)
            requests = self._requests_behind(start.waiting)
            running = max(map(len, start.unfinished_s or ()), default=0)
            at_start = running + len(start.waiting)
        most = self._limits.most_at_once(replicas.shortest_last_s) + at_start
        # There is also the batch before the first one that waits.
        capacity = 1 << (most + 1).bit_length()
        num_groups, num_requests = group_num_stages.size, requests.arrival_s.size
        rows = replicas.rows
        loop = arrays.Loop(
            requests,
            rows,
            _idle_groups(num_groups, num_requests),
            _empty_queues(rows.group.size, num_requests),
            outcome,
            _empty_batches(num_groups * capacity, rows.num_stages),
            _empty_batches(capacity + 1, rows.num_stages),
            capacity,
        )
        # Earlier than any arrival.
        _end_s_of_batches(loop)[:, 0] = -np.inf
        if start is not None:
            _resume(loop, start, group_num_stages)
            _enter_queues(loop, replicas.of_waiting)
        return loop

    def from_kernel(
        self, start: GroupState | None, loop: arrays.Loop, group_num_stages: NDArray[np.int64]
    ) -> GroupState:
        """Return the state in which a kernel has left the groups of `to_kernel`.

        Parameters
        ----------
        start, group_num_stages
            As in `to_kernel`.
        loop
            What the kernel has worked on.
        """
        start = start or GroupState.idle(group_num_stages.size)
        time_s = self._limits.time_after(start)
        first_waiting = loop.groups.first_waiting.astype(np.int64)
        num_groups = group_num_stages.size
        before = (first_waiting - 1) % loop.capacity
        end_s = _end_s_of_batches(loop)[np.arange(num_groups), before]
        num_stages = end_s.shape[1]
        stage_free_s = np.full(end_s.shape, -np.inf)
        for group, stages in enumerate(group_num_stages.tolist()):
            stage_free_s[group, num_stages - stages :] = end_s[group, :stages]
        return GroupState(
            time_s,
            stage_free_s,
            _unfinished_s(loop, time_s) if self._limits.counts_queues else None,
            _waiting(loop, start),
            start.num_requests + self._limits.num_requests,
        )


def _enter_queues(loop: arrays.Loop, replica: NDArray[np.int64]) -> None:
    """Put waiting requests into the queues of their groups, each queue as one batch to plan."""
    groups, queues, ring = loop.groups, loop.queues, loop.ring
    for request, of in enumerate(replica.tolist()):
        queues.replica[request] = of
        queues.place[request] = queues.num_accepted[of]
        queues.num_accepted[of] += 1
        queues.next_of_replica[queues.newest[of]] = request
        queues.newest[of] = request
        group = int(loop.replicas.group[of])
        first = int(groups.first_waiting[group])
        slot = group * loop.capacity + first % loop.capacity
        if int(groups.end[group]) == first:
            groups.end[group] = first + 1
            ring.head[slot], ring.size[slot] = request, 0
        else:
            queues.next_in_group[groups.newest[group]] = request
        ring.size[slot] += 1
        groups.newest[group] = request
        groups.num_unfinished[group] += 1


def _idle_groups(num_groups: int, num_requests: int) -> arrays.Groups:
    return arrays.Groups(
        first_unfinished=np.ones(num_groups, dtype=np.uint64),
        first_waiting=np.ones(num_groups, dtype=np.uint64),
        end=np.ones(num_groups, dtype=np.uint64),
        num_unfinished=np.zeros(num_groups, dtype=np.int64),
        next_start_s=np.full(num_groups, np.inf),
        next_finish_s=np.full(num_groups, np.inf),
        last_free_s=np.full(num_groups, -np.inf),
        newest=np.full(num_groups, num_requests, dtype=np.uint32),
    )


def _empty_queues(num_replicas: int, num_requests: int) -> arrays.Queues:
    return arrays.Queues(
        replica=np.empty(num_requests, dtype=np.uint32),
        place=np.empty(num_requests, dtype=np.uint32),
        next_in_group=np.empty(num_requests + 1, dtype=np.uint32),
        next_of_replica=np.empty(num_requests + 1, dtype=np.uint32),
        num_accepted=np.zeros(num_replicas, dtype=np.uint32),
        num_planned=np.zeros(num_replicas, dtype=np.uint32),
        num_started=np.zeros(num_replicas, dtype=np.uint32),
        newest=np.full(num_replicas, num_requests, dtype=np.uint32),
    )


def _empty_batches(num_slots: int, num_stages: int) -> arrays.Batches:
    return arrays.Batches(
        end_s=np.empty(num_slots * num_stages),
        finish_s=np.empty(num_slots),
        replica=np.empty(num_slots, dtype=np.uint32),
        size=np.empty(num_slots, dtype=np.uint32),
        head=np.empty(num_slots, dtype=np.uint32),
        end_place=np.empty(num_slots, dtype=np.uint32),
    )


def _end_s_of_batches(loop: arrays.Loop) -> NDArray[np.float64]:
    """Return the ends of stages in the rings, ``float64[G, capacity, num_stages]``."""
    return loop.ring.end_s.reshape(loop.groups.end.size, loop.capacity, loop.replicas.num_stages)


def _resume(loop: arrays.Loop, start: GroupState, group_num_stages: NDArray[np.int64]) -> None:
    """Give groups the running batches of a state, each of their requests as a batch of its own."""
    groups, ring = loop.groups, loop.ring
    end_s = _end_s_of_batches(loop)
    unfinished_s = start.unfinished_s or (np.empty(0),) * groups.end.size
    for group, (stages, finish_s) in enumerate(
        zip(group_num_stages.tolist(), unfinished_s, strict=True)
    ):
        num_running = len(finish_s)
        slots = slice(group * loop.capacity + 1, group * loop.capacity + 1 + num_running)
        ring.finish_s[slots] = finish_s
        ring.size[slots] = 1
        groups.first_waiting[group] = groups.end[group] = num_running + 1
        groups.num_unfinished[group] = num_running
        if num_running:
            groups.next_finish_s[group] = finish_s[0]
        free_s = start.stage_free_s[group, -stages:]
        end_s[group, num_running] = -np.inf
        end_s[group, num_running, stages - free_s.size : stages] = free_s
        groups.last_free_s[group] = free_s[-1]


def _unfinished_s(loop: arrays.Loop, time_s: float) -> tuple[NDArray[np.float64], ...]:
    """Return when the requests of running batches finish, by group."""
    capacity = loop.capacity
    bounds = zip(
        loop.groups.first_unfinished.tolist(), loop.groups.first_waiting.tolist(), strict=True
    )
    found = []
    for group, (first, end) in enumerate(bounds):
        slots = group * capacity + np.arange(first, end) % capacity
        finish_s = np.repeat(loop.ring.finish_s[slots], loop.ring.size[slots])
        # The kernel removes finished batches only when the group is next a candidate.
        found.append(finish_s[finish_s > time_s])
    return tuple(found)


def _waiting(loop: arrays.Loop, start: GroupState) -> WaitingRequests:
    """Return the requests whose batches have not started, in order of arrival."""
    replicas, queues, ring = loop.replicas, loop.queues, loop.ring
    found = []
    bounds = zip(loop.groups.first_waiting.tolist(), loop.groups.end.tolist(), strict=True)
    for group, (first, end) in enumerate(bounds):
        for batch in range(first, end):
            slot = group * loop.capacity + batch % loop.capacity
            request = int(ring.head[slot])
            for _ in range(int(ring.size[slot])):
                found.append(request)
                request = int(queues.next_of_replica[request])
    rows = np.array(sorted(found), dtype=np.int64)
    num_before = loop.requests.num_accepted
    number = rows - num_before + start.num_requests
    number[rows < num_before] = start.waiting.number[rows[rows < num_before]]
    replica = queues.replica[rows]
    return WaitingRequests(
        number,
        loop.requests.arrival_s[rows],
        loop.requests.model[rows].astype(np.int64),
        replicas.group[replica].astype(np.int64),
        replicas.cap[replica].astype(np.int64),
    )
