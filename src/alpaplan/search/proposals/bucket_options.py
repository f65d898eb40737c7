"""Which groups could serve which bucket of models: the table that proposals are chosen from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import DevicePool, PlacementProblem
from alpaplan.search.partition import useful_shapes
from alpaplan.search.proposals.latency_classes import LatencyClasses
from alpaplan.search.proposals.queueing import QueueingEstimate

SHAPES_OF_BUCKET = 2
"""Shapes kept for each bucket, pool and number of devices: the best by estimate (a count; 1 to all
of them). More make the integer program larger."""

FINE_COUNTS = 8
"""All numbers of groups up to this are in the table, and as many between each further doubling (a
count; 4 to 16)."""


@dataclass(frozen=True)
class Option:
    """Groups that could serve a bucket.

    Parameters
    ----------
    first, last
        First and last part of latency classes in the bucket.
    shape, num_groups
        Shape of the groups, and how many there are.
    num_devices
        Devices that they take from the pool, including what packing wastes.
    attained_rps
        Estimated requests per second that are attained, weighted by model.
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

    Options are left out if one of the same bucket and pool with fewer devices is as good.
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
    """Return the best options for each number of devices that beat all with fewer devices."""
    kept: list[Option] = []
    best_of_fewer = 0.0
    ordered = sorted(options, key=lambda option: (option.num_devices, -option.attained_rps))
    for _, equal in groupby(ordered, key=lambda option: option.num_devices):
        better = [option for option in equal if option.attained_rps > best_of_fewer]
        if better:
            kept += better[:SHAPES_OF_BUCKET]
            best_of_fewer = better[0].attained_rps
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
    """Return sizes of groups each of which divides the next larger one, and the largest the node.

    Groups of such sizes pack into nodes whenever there are enough devices.
    """
    larger = problem.pools[pool].devices_per_node
    chained = set()
    for size in sorted({s.num_devices for s in problem.shapes if s.pool == pool}, reverse=True):
        if size <= larger and larger % size == 0:
            chained.add(size)
            larger = size
    return chained


def _devices_taken(pool: DevicePool, chained: set[int], size: int, count: int) -> int:
    """Return the devices that groups take; those of other sizes get nodes of their own."""
    if size in chained or size > pool.devices_per_node:
        return size * count
    on_node = pool.devices_per_node // size
    return -(-count // on_node) * pool.devices_per_node
