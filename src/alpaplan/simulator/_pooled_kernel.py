"""The loop of the pooled machine: work that even preemptive earliest-deadline-first must drop."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_IN_KERNEL = njit(error_model="numpy", forceinline=True)


@_IN_KERNEL
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


@_IN_KERNEL
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


def dropped_work(
    arrival_s: NDArray[np.float64],
    deadline_s: NDArray[np.float64],
    work_s: NDArray[np.float64],
    level: NDArray[np.int64],
    speed: float,
    left_s: NDArray[np.float64],
    heap: NDArray[np.int64],
    dropped_s: NDArray[np.float64],
) -> None:
    """Run requests of the first levels on one preemptive machine, once for each level.

    The machine always works on the request with the earliest deadline, and drops what is left
    of it then.

    Parameters
    ----------
    arrival_s, deadline_s, work_s, level : float64[N], float64[N], float64[N], int64[N]
        The requests in order of arrival. Run `k` has those of levels up to `k`.
    speed
        Work that the machine does in a second.
    left_s, heap : float64[N], int64[N]
        Room to work in. Changed.
    dropped_s : float64[L]
        Written: work that each run dropped.
    """
    for highest in range(dropped_s.size):
        dropped = 0.0
        size = 0
        now_s = -np.inf
        for request in range(arrival_s.size + 1):
            until_s = np.inf
            if request < arrival_s.size:
                if level[request] > highest:
                    continue
                until_s = arrival_s[request]
            while size > 0 and now_s < until_s:
                first = heap[0]
                stop_s = min(until_s, deadline_s[first])
                can_do_s = max(0.0, (stop_s - now_s) * speed)
                if left_s[first] <= can_do_s:
                    now_s += left_s[first] / speed
                    _pop(heap, size, deadline_s)
                    size -= 1
                    continue
                left_s[first] -= can_do_s
                now_s = max(now_s, stop_s)
                if deadline_s[first] <= now_s:
                    dropped += left_s[first]
                    _pop(heap, size, deadline_s)
                    size -= 1
            if request < arrival_s.size:
                now_s = until_s
                left_s[request] = work_s[request]
                _push(heap, size, deadline_s, request)
                size += 1
        dropped_s[highest] = dropped
