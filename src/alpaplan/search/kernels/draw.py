"""Random choices, by numbers that were drawn beforehand."""

from __future__ import annotations

import numpy as np

from alpaplan.search.kernels.arrays import Draws
from alpaplan.simulator.kernels.compiling import Entries, called_by_kernels, in_kernel


@in_kernel
def draw(draws: Draws) -> float:
    """Return the next number."""
    draws.used[0] += 1
    return float(draws.value[draws.used[0] - 1])


@in_kernel
def draw_below(draws: Draws, count: int) -> int:
    """Choose an integer from 0 up to, but not including, `count`."""
    return int(draw(draws) * count)


@called_by_kernels
def draw_by_weight(draws: Draws, sums: Entries[np.float64], count: int) -> int:
    """Choose an integer below `count`, weighted; `sums` are the cumulative weights."""
    wanted = draw(draws) * sums[count - 1]
    chosen = 0
    while chosen < count - 1 and sums[chosen] <= wanted:
        chosen += 1
    return chosen


@called_by_kernels
def draw_two(draws: Draws, count: int) -> tuple[int, int]:
    """Choose two different integers below `count`, which is at least 2."""
    first = draw_below(draws, count)
    second = draw_below(draws, count - 1)
    return first, second + (second >= first)


@called_by_kernels
def shuffle(draws: Draws, values: Entries[np.int64], first: int, end: int) -> None:
    """Shuffle ``values[first:end]`` in place: Durstenfeld (1964), Communications of the ACM 7."""
    for last in range(end - 1, first, -1):
        other = first + draw_below(draws, last - first + 1)
        values[last], values[other] = values[other], values[last]
