"""Binary min-heaps of integers, several of them in one array.

A heap starts at index `base`. The caller keeps its size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.compiling import in_kernel


@in_kernel
def push(entries: NDArray[np.int64], base: int, size: int, entry: int) -> None:
    """Add an entry to a heap of `size` entries."""
    _rise(entries, base, size, entry)


@in_kernel
def pop(entries: NDArray[np.int64], base: int, size: int) -> None:
    """Remove the smallest entry of a heap of `size` entries, at least 1."""
    _sink(entries, base, size - 1, 0, entries[base + size - 1])


@in_kernel
def remove(entries: NDArray[np.int64], base: int, size: int, at: int) -> None:
    """Remove the entry at index `at` of a heap of `size` entries."""
    last = entries[base + size - 1]
    if at == size - 1:
        return
    if at > 0 and last < entries[base + ((at - 1) >> 1)]:
        _rise(entries, base, at, last)
    else:
        _sink(entries, base, size - 1, at, last)


@in_kernel
def _rise(entries: NDArray[np.int64], base: int, at: int, entry: int) -> None:
    """Put an entry at the free index `at`, and move it up while it is smaller than its parent."""
    while at > 0:
        parent = (at - 1) >> 1
        if entries[base + parent] <= entry:
            break
        entries[base + at] = entries[base + parent]
        at = parent
    entries[base + at] = entry


@in_kernel
def _sink(entries: NDArray[np.int64], base: int, size: int, at: int, entry: int) -> None:
    """Put an entry at the free index `at`, and move it down while it is larger than a child."""
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and entries[base + child + 1] < entries[base + child]:
            child += 1
        if entry <= entries[base + child]:
            break
        entries[base + at] = entries[base + child]
        at = child
    entries[base + at] = entry
