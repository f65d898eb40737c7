"""All devices as one preemptive machine, which bounds any division of them into groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.compiling import compiled, in_kernel


class Requests(NamedTuple):
    """`N` requests in order of arrival, and the machine that they come to.

    Parameters
    ----------
    arrival_s, deadline_s, work_s : float64[N]
        Arrival and deadline of each, and the time that it takes at speed 1.
    level : int64[N]
        Level of each, from 0; those of low levels are served in more runs.
    speed
        Work that the machine does in a second, above 0.
    """

    arrival_s: NDArray[np.float64]
    deadline_s: NDArray[np.float64]
    work_s: NDArray[np.float64]
    level: NDArray[np.int64]
    speed: float


class Workspace(NamedTuple):
    """Scratch space: the work left of each request, and a heap of those that wait. Changed."""

    left_s: NDArray[np.float64]
    heap: NDArray[np.int64]


def dropped_work_s(requests: Requests) -> NDArray[np.float64]:
    """Return the least work that must be dropped, for the requests of the first levels.

    Preemptive earliest-deadline-first does as much work within the deadlines as any schedule
    on one machine can: work is a set of equal unit jobs, and exchanging a unit for one with an
    earlier deadline never makes a schedule infeasible (Horn, "Some simple scheduling
    algorithms", Naval Research Logistics Quarterly 21, 1974).

    Returns
    -------
    float64[L]
        Entry `k` is for the requests of levels up to `k`; `L` is the highest level plus 1.
    """
    arrival_s = requests.arrival_s
    # Floats are finest near 0; times since 1970 would be rounded at each step.
    start_s = arrival_s[0] if arrival_s.size else 0.0
    from_zero = Requests(
        arrival_s=np.ascontiguousarray(arrival_s - start_s),
        deadline_s=np.ascontiguousarray(requests.deadline_s - start_s),
        work_s=np.array(requests.work_s, dtype=np.float64),
        level=np.array(requests.level, dtype=np.int64),
        speed=float(requests.speed),
    )
    workspace = Workspace(np.empty(arrival_s.size), np.empty(arrival_s.size, dtype=np.int64))
    dropped_s = np.zeros(int(from_zero.level.max(initial=-1)) + 1)
    compiled(dropped_work)(from_zero, workspace, dropped_s)
    return dropped_s


def dropped_work(requests: Requests, workspace: Workspace, dropped_s: NDArray[np.float64]) -> None:
    """Run requests of the first levels on one preemptive machine, once for each level.

    The machine always works on the request with the earliest deadline, and at that deadline drops
    what is left of it. Run `k` has the requests of levels up to `k`.

    Parameters
    ----------
    requests, workspace
        The requests, and scratch space.
    dropped_s : float64[L]
        Written: work that each run dropped.
    """
    deadline_s, left_s, heap = requests.deadline_s, workspace.left_s, workspace.heap
    num_requests = requests.arrival_s.size
    for highest in range(dropped_s.size):
        dropped = 0.0
        size = 0
        now_s = -np.inf
        for request in range(num_requests + 1):
            until_s = np.inf
            if request < num_requests:
                if requests.level[request] > highest:
                    continue
                until_s = requests.arrival_s[request]
            while size > 0 and now_s < until_s:
                first = heap[0]
                stop_s = min(until_s, deadline_s[first])
                can_do_s = max(0.0, (stop_s - now_s) * requests.speed)
                if left_s[first] <= can_do_s:
                    now_s += left_s[first] / requests.speed
                    _pop(heap, size, deadline_s)
                    size -= 1
                    continue
                left_s[first] -= can_do_s
                now_s = max(now_s, stop_s)
                if deadline_s[first] <= now_s:
                    dropped += left_s[first]
                    _pop(heap, size, deadline_s)
                    size -= 1
            if request < num_requests:
                now_s = until_s
                left_s[request] = requests.work_s[request]
                _push(heap, size, deadline_s, request)
                size += 1
        dropped_s[highest] = dropped


@in_kernel
def _push(heap: NDArray[np.int64], size: int, deadline_s: NDArray[np.float64], item: int) -> None:
    """Add an item to a binary heap of `size` items whose root has the earliest deadline."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if deadline_s[heap[parent]] <= deadline_s[item]:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = item


@in_kernel
def _pop(heap: NDArray[np.int64], size: int, deadline_s: NDArray[np.float64]) -> None:
    """Remove the root of a heap of `size` items."""
    item = heap[size - 1]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and deadline_s[heap[child + 1]] < deadline_s[heap[child]]:
            child += 1
        if deadline_s[item] <= deadline_s[heap[child]]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = item
