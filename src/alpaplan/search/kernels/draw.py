"""Random choices from numbers that were drawn before."""

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
    """Choose one of the integers from 0 on."""
    return int(draw(draws) * count)


@called_by_kernels
def draw_by_weight(draws: Draws, sums: Entries[np.float64], count: int) -> int:
    """Choose one of the integers from 0 on, by weights that are summed up."""
    wanted = draw(draws) * sums[count - 1]
    chosen = 0
    while chosen < count - 1 and sums[chosen] <= wanted:
        chosen += 1
    return chosen


@called_by_kernels
def draw_two(draws: Draws, count: int) -> tuple[int, int]:
    """Choose two different integers from 0 on; there have to be two."""
    first = draw_below(draws, count)
    second = draw_below(draws, count - 1)
    return first, second + (second >= first)


@called_by_kernels
def shuffle(draws: Draws, values: Entries[np.int64], first: int, end: int) -> None:
    """Put a part of an array into random order: Durstenfeld (1964), Communications of the ACM 7."""
    for last in range(end - 1, first, -1):
        other = first + draw_below(draws, last - first + 1)
        values[last], values[other] = values[other], values[last]
