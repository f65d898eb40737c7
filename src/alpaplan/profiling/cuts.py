"""The best cuts of a chain of layers into stages, by dynamic programming.

Best is, of all ways to cut the chain into exactly k stages that each fit a device: the smallest
latency of the longest stage; of those the smallest sum of stage latencies, which is the smallest
communication; of those the smallest memory of the largest stage. (Of those, the cuts whose last
stage begins earliest, the layers before it being cut by the same rules.)

The first is found for all k at once::

    longest[k][end] = min over first of max(longest[k - 1][first], latency(first, end))

With the optimum B of one k known, only stages of at most B are left, and the others follow by

    best[k][end] = lexicographic min over first of
        (sum[k - 1][first] + send(end), max(memory[k - 1][first], memory(first, end)))

That is exact: a sum cannot be least unless the part before the last stage has the least sum; and
among those, one with less memory before the last stage is never worse. As latencies include what
the link takes, one more layer can make a stage shorter; only the work of the layers alone surely
rises, and so what is skipped is judged by that. Time is O(k n^2) for n layers, memory O(k n).

After Alpa's inter-operator pass (Zheng et al., OSDI 2022, arXiv 2201.12023, section 5) as
AlpaServe (Li et al., OSDI 2023, arXiv 2302.11665, section 4.1) reformulates it for serving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alpaplan.profiling.chain import LayerChain

UNREACHABLE = 2**62
"""More than any sum or memory of a chain, and the sum with one more link is below 2^63."""


@dataclass(frozen=True)
class Cuts:
    """One way to cut a chain.

    Parameters
    ----------
    bounds
        First layer of each stage, and the number of layers.
    """

    bounds: tuple[int, ...]

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First layer of each stage, and the layer after its last."""
        return tuple(pairwise(self.bounds))


def best_cuts(
    chain: LayerChain, stage_counts: Iterable[int], memory_limit_bytes: int | None = None
) -> dict[int, Cuts]:
    """Cut a chain into each of the given numbers of stages.

    Parameters
    ----------
    chain
        What is cut.
    stage_counts
        Numbers of stages, from 1 to the number of layers.
    memory_limit_bytes
        Most memory of a stage on each device; None: any.

    Returns
    -------
    Number of stages -> best cuts. Numbers with which no cuts keep the limit are absent.
    """
    counts = sorted(set(stage_counts))
    if not counts:
        return {}
    limit_bytes = UNREACHABLE if memory_limit_bytes is None else memory_limit_bytes
    firsts = _first_that_fits(chain, limit_bytes)
    longest = _smallest_largest(chain.num_layers, max(counts), chain.latencies_ps, firsts)
    by_bound: dict[int, list[int]] = {}
    for count in counts:
        if longest[count] < UNREACHABLE:
            by_bound.setdefault(int(longest[count]), []).append(count)
    found: dict[int, Cuts] = {}
    for bound_ps, same in by_bound.items():
        found |= _cheapest_cuts(chain, same, bound_ps, firsts)
    return dict(sorted(found.items()))


def smallest_memory_bytes(chain: LayerChain, stage_counts: Iterable[int]) -> dict[int, int]:
    """Return for each number of stages the least memory that the largest stage can have.

    With less on each device, no cuts into that number of stages fit.
    """
    counts = sorted(set(stage_counts))
    anywhere = np.zeros(chain.num_layers + 1, dtype=np.int64)
    largest = _smallest_largest(chain.num_layers, max(counts), chain.memory_bytes, anywhere)
    return {count: int(largest[count]) for count in counts}


def _first_that_fits(chain: LayerChain, limit_bytes: int) -> NDArray[np.int64]:
    """Return the first layer of the largest stage before each layer that keeps the limit.

    Returns
    -------
    ``int64[n + 1]``, rising; `end` itself if no stage that ends there fits.
    """
    firsts = np.zeros(chain.num_layers + 1, dtype=np.int64)
    for end in range(1, chain.num_layers + 1):
        before = int(firsts[end - 1])
        # Memory falls with the first layer, so that those too large come first.
        firsts[end] = before + np.count_nonzero(chain.memory_bytes(end, before) > limit_bytes)
    return firsts


def _smallest_largest(
    num_layers: int,
    max_stages: int,
    costs: Callable[[int], NDArray[np.int64]],
    firsts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the smallest possible cost of the dearest stage, for each number of stages.

    Parameters
    ----------
    num_layers, max_stages
        Size of the problem.
    costs
        `end` -> costs of the stages that end there by their first layer, ``int64[end]``.
    firsts
        Earliest first layer of a stage by its end, ``int64[num_layers + 1]``.

    Returns
    -------
    ``int64[max_stages + 1]``, `UNREACHABLE` where there are no such cuts.
    """
    largest = np.full((max_stages + 1, num_layers + 1), UNREACHABLE, dtype=np.int64)
    largest[0, 0] = 0
    for end in range(1, num_layers + 1):
        first = firsts[end]
        if first < end:
            with_last = np.maximum(largest[:-1, first:end], costs(end)[first:])
            largest[1:, end] = with_last.min(axis=1)
    return largest[:, num_layers]


def _cheapest_cuts(
    chain: LayerChain, stage_counts: list[int], bound_ps: int, firsts: NDArray[np.int64]
) -> dict[int, Cuts]:
    """Find the least communication, then memory, with stages of at most `bound_ps`.

    Each of the stage counts has to be possible.
    """
    num_layers, most = chain.num_layers, max(stage_counts)
    # A stage within the bound begins, at the earliest, where its work alone is within it.
    reach_ps = chain.work_ps + chain.send_ps - bound_ps
    firsts = np.maximum(firsts, np.searchsorted(chain.work_ps, reach_ps))
    fewest_stages, most_stages = _possible_stages(chain, stage_counts, bound_ps)
    sent_ps = np.full((most + 1, num_layers + 1), UNREACHABLE, dtype=np.int64)
    memory = np.full((most + 1, num_layers + 1), UNREACHABLE, dtype=np.int64)
    starts = np.zeros((most + 1, num_layers + 1), dtype=np.int64)
    sent_ps[0, 0] = memory[0, 0] = 0
    for end in range(1, num_layers + 1):
        first, low, high = int(firsts[end]), int(fewest_stages[end]), int(most_stages[end])
        if first >= end or low > high:
            continue
        sent_before = sent_ps[low - 1 : high, first:end]
        least = sent_before.min(axis=1)
        with_last = np.maximum(memory[low - 1 : high, first:end], chain.memory_bytes(end, first))
        with_last[sent_before > least[:, None]] = UNREACHABLE
        start = with_last.argmin(axis=1)
        sent_ps[low : high + 1, end] = np.minimum(least + chain.send_ps[end], UNREACHABLE)
        memory[low : high + 1, end] = np.take_along_axis(with_last, start[:, None], axis=1)[:, 0]
        starts[low : high + 1, end] = first + start
    return {count: _follow(starts, count) for count in stage_counts}


def _possible_stages(
    chain: LayerChain, stage_counts: list[int], bound_ps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bound how many stages can end at each layer, by the work that stages within a bound hold.

    Most combinations cannot be part of any cuts where the bound is tight, and are skipped.

    Returns
    -------
    Fewest and most stages before each layer, ``int64[n + 1]`` each.
    """
    num_layers, most = chain.num_layers, max(stage_counts)
    ends = np.arange(num_layers + 1)
    farthest = np.searchsorted(chain.work_ps, chain.work_ps + bound_ps, side="right") - 1
    earliest = np.searchsorted(chain.work_ps, chain.work_ps - bound_ps)
    reached, left = [0], [num_layers]
    for _ in range(most):
        reached.append(int(farthest[reached[-1]]))
        left.append(int(earliest[left[-1]]))
    fewest_before = np.searchsorted(reached, ends)
    # Stages that are needed for the layers behind; `left` falls, hence the signs.
    fewest_behind = np.searchsorted([-layer for layer in left], -ends)
    most_before = np.minimum(ends, most - fewest_behind)
    return np.maximum(fewest_before, 1), most_before


def _follow(starts: NDArray[np.int64], num_stages: int) -> Cuts:
    """Read the cuts off the first layers of the last stages."""
    bounds = [starts.shape[1] - 1]
    for count in range(num_stages, 0, -1):
        bounds.append(int(starts[count, bounds[-1]]))
    return Cuts(tuple(reversed(bounds)))
