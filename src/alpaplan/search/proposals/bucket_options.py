"""What groups could serve which bucket of models: the table that proposals are chosen from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import DevicePool, PlacementProblem
from alpaplan.search.partition import useful_shapes
from alpaplan.search.proposals.latency_classes import LatencyClasses
from alpaplan.search.proposals.queueing import QueueingEstimate

SHAPES_OF_BUCKET = 2
"""Shapes kept for each bucket, pool and number of devices, the best by estimate (a count; 1 to
all of them: more only make the program larger)."""

FINE_COUNTS = 8
"""Numbers of groups up to this are all in the table, and as many for each doubling after that (a
count; 4 to 16)."""


@dataclass(frozen=True)
class Option:
    """Groups that could serve a bucket.

    Parameters
    ----------
    first, last
        The bucket's parts of latency classes, both included.
    shape, num_groups
        The groups.
    num_devices
        Devices of the pool that they take, what packing wastes included.
    attained_rps
        Estimate.
    """

    first: int
    last: int
    shape: int
    num_groups: int
    num_devices: int
    attained_rps: float


def bucket_options(
    problem: PlacementProblem, classes: LatencyClasses, estimate: QueueingEstimate
) -> list[Option]:
    """Return the table: for each bucket and pool, the best shapes for each number of devices.

    An option that a smaller one of its bucket and pool is as good as is left out.
    """
    useful = np.flatnonzero(useful_shapes(problem))
    chain = [_chained_sizes(problem, pool) for pool in range(len(problem.pools))]
    options = []
    for first in range(classes.num_parts):
        for last in range(first, classes.num_parts):
            models = classes.models_of_parts(first, last)
            found: dict[int, list[Option]] = {}
            for h in map(int, useful):
                shape = problem.shapes[h]
                pool = problem.pools[shape.pool]
                counts = _group_counts(pool, shape.num_devices)
                attained = estimate.attained_rps(h, models, counts)
                for count, value in zip(counts.tolist(), attained.tolist(), strict=True):
                    taken = _devices_taken(pool, chain[shape.pool], shape.num_devices, count)
                    if value > 0 and taken <= pool.num_devices:
                        option = Option(first, last, h, count, taken, value)
                        found.setdefault(shape.pool, []).append(option)
            for of_pool in found.values():
                options += _worthwhile(of_pool)
    return options


def _worthwhile(options: list[Option]) -> list[Option]:
    kept: list[Option] = []
    best_of_fewer = 0.0
    options = sorted(options, key=lambda option: (option.num_devices, -option.attained_rps))
    best_here, num_here, devices_here = 0.0, 0, 0
    for option in options:
        if option.num_devices != devices_here:
            best_of_fewer = max(best_of_fewer, best_here)
            best_here, num_here, devices_here = 0.0, 0, option.num_devices
        if num_here < SHAPES_OF_BUCKET and option.attained_rps > best_of_fewer:
            kept.append(option)
            num_here += 1
            best_here = max(best_here, option.attained_rps)
    return kept


def _group_counts(pool: DevicePool, size: int) -> NDArray[np.int64]:
    """Return numbers of groups: all small ones, `FINE_COUNTS` for each doubling, and the most."""
    most = pool.num_devices // size
    counts = [*range(1, min(most, FINE_COUNTS) + 1)]
    step = 1
    while counts[-1] < most:
        counts += [min(most, counts[-1] + step * (i + 1)) for i in range(FINE_COUNTS)]
        step *= 2
    return np.unique(np.array(counts, dtype=np.int64))


def _chained_sizes(problem: PlacementProblem, pool: int) -> set[int]:
    """Return group sizes of which each divides the next larger one, and the largest the node.

    Any groups of such sizes pack into nodes if their sum does.
    """
    larger = problem.pools[pool].devices_per_node
    chained = set()
    for size in sorted({s.num_devices for s in problem.shapes if s.pool == pool}, reverse=True):
        if size <= larger and larger % size == 0:
            chained.add(size)
            larger = size
    return chained


def _devices_taken(pool: DevicePool, chained: set[int], size: int, count: int) -> int:
    """Return devices that groups take: groups of awkward sizes get nodes of their own."""
    if size in chained or size > pool.devices_per_node:
        return size * count
    on_node = pool.devices_per_node // size
    return -(-count // on_node) * pool.devices_per_node
