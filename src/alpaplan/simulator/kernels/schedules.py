"""Fixed service in schedules: placements change, and added replicas have to load first.

Rules S1 to S11 are those of `design/SCHEDULE.md`. Groups serve as in `batched`, those of all
placements side by side; a change only affects which replicas requests may be sent to. When a load
begins depends on waiting requests, whose batches may change until they start. It is determined only
when a request has the replica as a candidate, or at the next change, from batches that have started
by then; nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from alpaplan.simulator.kernels.batched import (
    MOST,
    end_batches,
    finish_batches,
    start_next_batch,
)
from alpaplan.simulator.kernels.batched_arrays import Loop
from alpaplan.simulator.kernels.batched_plan import ONE, ZERO, is_admitted, later
from alpaplan.simulator.kernels.compiling import in_kernel
from alpaplan.simulator.kernels.schedule_arrays import Changes, Loads, ScheduleLoop

Kernel: TypeAlias = Callable[[ScheduleLoop], None]


@in_kernel
def _start_batches(serving: Loop, loads: Loads, group: np.uint64, at_s: float) -> None:
    """Start the batches that start before a time, and note when they end."""
    num_stages = np.uint64(serving.replicas.num_stages)
    while serving.groups.next_start_s[group] < at_s:
        slot = start_next_batch(serving, group)
        end_s = serving.ring.end_s[slot * num_stages + num_stages - ONE]
        loads.end_s[serving.ring.replica[slot]] = end_s


@in_kernel
def _still_waits(serving: Loop, replica: np.uint64) -> bool:
    queues = serving.queues
    return bool(queues.num_accepted[replica] != queues.num_started[replica])


@in_kernel
def _may_load_from(
    serving: Loop, changes: Changes, loads: Loads, group: np.uint64, at_s: float
) -> float:
    """Return from when on a group may load (S5); infinite if that is not known yet.

    Parameters
    ----------
    serving, changes, loads
        See `ScheduleLoop`.
    group
        The group.
    at_s
        Batches that start before this have started.
    """
    _start_batches(serving, loads, group, at_s)
    first = np.uint64(loads.first_gone[group])
    num_gone = np.uint64(loads.num_gone[group])
    while num_gone > ZERO:
        replica = np.uint64(loads.gone[first + num_gone - ONE])
        if _still_waits(serving, replica):
            break
        loads.free_s[group] = later(loads.free_s[group], loads.end_s[replica])
        num_gone -= ONE
    loads.num_gone[group] = num_gone
    if num_gone > ZERO:
        return np.inf
    from_s = later(loads.told_s[group], loads.free_s[group])
    for index in range(
        changes.listed.first_earlier[group], changes.listed.first_earlier[group + ONE]
    ):
        # That group gets no more requests, so that all its work is planned.
        from_s = later(from_s, serving.groups.last_free_s[changes.listed.earlier[index]])
    return from_s


@in_kernel
def _load(serving: Loop, changes: Changes, loads: Loads, group: np.uint64, from_s: float) -> None:
    """Load all replicas that a group is to load (S6)."""
    num_stages = np.uint64(serving.replicas.num_stages)
    stages = group * num_stages
    for index in range(loads.next_row[group], loads.end_row[group]):
        replica = np.uint64(index)
        if loads.is_gone[replica]:
            continue
        ready_s = -np.inf
        for k in range(num_stages):
            free_s = later(loads.stage_end_s[stages + k], from_s + changes.overhead_s)
            end_s = free_s + changes.load_s[replica * num_stages + k]
            loads.stage_end_s[stages + k] = end_s
            ready_s = later(ready_s, end_s)
        loads.ready_s[replica] = ready_s
    loads.next_row[group] = loads.end_row[group]


@in_kernel
def _is_ready(
    serving: Loop, changes: Changes, loads: Loads, replica: np.uint64, at_s: float
) -> bool:
    """Whether a replica of the current placement is ready when a request arrives (S7)."""
    if loads.ready_s[replica] == np.inf:
        group = np.uint64(serving.replicas.group[replica])
        from_s = _may_load_from(serving, changes, loads, group, at_s)
        if from_s <= at_s:
            _load(serving, changes, loads, group, from_s)
    return bool(loads.ready_s[replica] <= at_s)


@in_kernel
def _change(loop: ScheduleLoop, placement: np.uint64, num_models: np.uint64) -> None:
    """Change to a placement from the one before (S3, S4, S8)."""
    serving, changes, loads, listed = loop.serving, loop.changes, loop.loads, loop.changes.listed
    at_s = changes.start_s[placement]
    end = listed.first_candidate[placement * num_models]
    for index in range(listed.first_candidate[(placement - ONE) * num_models], end):
        replica = np.uint64(listed.candidate[index])
        if loads.ready_s[replica] == np.inf:
            group = np.uint64(serving.replicas.group[replica])
            from_s = _may_load_from(serving, changes, loads, group, at_s)
            # Loads that may begin only with the change join those that it adds (S9).
            if from_s < at_s:
                _load(serving, changes, loads, group, from_s)
    for index in range(listed.first_removed[placement], listed.first_removed[placement + ONE]):
        replica = np.uint64(listed.removed[index])
        group = np.uint64(serving.replicas.group[replica])
        loads.is_gone[replica] = 1
        _start_batches(serving, loads, group, at_s)
        loads.gone[loads.first_gone[group] + loads.num_gone[group]] = replica
        loads.num_gone[group] += ONE
    for index in range(listed.first_added[placement], listed.first_added[placement + ONE]):
        replica = np.uint64(listed.added[index])
        group = np.uint64(serving.replicas.group[replica])
        loads.end_row[group] = replica + ONE
        loads.told_s[group] = at_s


@in_kernel
def _current(
    loop: ScheduleLoop, placement: np.uint64, num_models: np.uint64, at_s: float
) -> np.uint64:
    """Change to all placements that begin up to a time, and return the last of them."""
    start_s = loop.changes.start_s
    while placement + ONE < np.uint64(start_s.size) and start_s[placement + ONE] <= at_s:
        placement += ONE
        _change(loop, placement, num_models)
    return placement


def earliest_finish(loop: ScheduleLoop) -> None:
    """Send each request to the ready candidate whose last stage is free first."""
    serving, changes, loads = loop.serving, loop.changes, loop.loads
    requests, outcome = serving.requests, serving.outcome
    group, free_s = serving.replicas.group, serving.groups.last_free_s
    listed = changes.listed
    num_models = np.uint64(listed.first_candidate.size - 1) // np.uint64(changes.start_s.size)
    record = outcome.request_latency_s.size > 0
    placement = ZERO
    for number in range(requests.arrival_s.size):
        request = np.uint64(number)
        at_s = requests.arrival_s[request]
        placement = _current(loop, placement, num_models, at_s)
        wanted = placement * num_models + np.uint64(requests.model[request])
        found = False
        chosen = ZERO
        chosen_free_s = np.inf
        for index in range(
            changes.listed.first_candidate[wanted], changes.listed.first_candidate[wanted + ONE]
        ):
            replica = np.uint64(changes.listed.candidate[index])
            if _is_ready(serving, changes, loads, replica, at_s):
                other_free_s = free_s[group[replica]]
                if not found or other_free_s < chosen_free_s:
                    found = True
                    chosen = replica
                    chosen_free_s = other_free_s
        if found:
            to = np.uint64(group[chosen])
            outcome.assigned[chosen] += 1
            if record:
                outcome.request_replica[request] = chosen
            _start_batches(serving, loads, to, at_s)
            if is_admitted(serving, request, chosen, to, at_s):
                outcome.attained[chosen] += 1
    end_batches(serving)


def shortest_queue(loop: ScheduleLoop) -> None:
    """Send each request to the ready candidate with the fewest requests not finished."""
    serving, changes, loads = loop.serving, loop.changes, loop.loads
    requests, outcome, groups = serving.requests, serving.outcome, serving.groups
    group = serving.replicas.group
    listed = changes.listed
    num_models = np.uint64(listed.first_candidate.size - 1) // np.uint64(changes.start_s.size)
    record = outcome.request_latency_s.size > 0
    placement = ZERO
    for number in range(requests.arrival_s.size):
        request = np.uint64(number)
        at_s = requests.arrival_s[request]
        placement = _current(loop, placement, num_models, at_s)
        wanted = placement * num_models + np.uint64(requests.model[request])
        chosen = ZERO
        shortest = MOST
        for index in range(
            changes.listed.first_candidate[wanted], changes.listed.first_candidate[wanted + ONE]
        ):
            replica = np.uint64(changes.listed.candidate[index])
            if _is_ready(serving, changes, loads, replica, at_s):
                to = np.uint64(group[replica])
                _start_batches(serving, loads, to, at_s)
                length = finish_batches(groups, serving.ring, serving.capacity, to, at_s)
                if length < shortest:
                    shortest = length
                    chosen = replica
        if shortest < MOST:
            to = np.uint64(group[chosen])
            outcome.assigned[chosen] += 1
            if record:
                outcome.request_replica[request] = chosen
            if is_admitted(serving, request, chosen, to, at_s):
                outcome.attained[chosen] += 1
                groups.num_unfinished[to] += 1
    end_batches(serving)
