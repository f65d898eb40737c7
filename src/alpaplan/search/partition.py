"""Group partitions: AlpaServe's enumeration of equal groups.

A pool is divided into groups of one size and ``intra_op x inter_op`` shape, for every size and
shape; devices that remain get smaller groups (AlpaServe section 4.2).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import DevicePool, PlacementProblem
from alpaplan.problem.feasibility import servable_replicas

MAX_UNIFORM = 64
"""Most combinations of the pools' partitions into equal groups (a count; 16 to 500). A single pool
has as many partitions as shapes."""


@dataclass(frozen=True)
class GroupPartition:
    """Groups without replicas.

    Parameters
    ----------
    shapes
        Index of each group's shape.
    label
        The partition in words, such as ``8 x (1, 4)``.
    eligible : bool[G, M]
        Models that each group is meant for; None if each is for all.
    """

    shapes: tuple[int, ...]
    label: str
    eligible: NDArray[np.bool_] | None = None


def describe_shapes(problem: PlacementProblem, shapes: Sequence[int]) -> str:
    """Return the shapes in words, such as ``8 x (1, 4)``, with their pools if there are several."""
    names = []
    for h, count in Counter(shapes).items():
        shape = problem.shapes[h]
        where = f" {problem.pools[shape.pool].name}" if len(problem.pools) > 1 else ""
        names.append(f"{count} x ({shape.intra_op}, {shape.inter_op}){where}")
    return " + ".join(names) or "no groups"


def make_partition(problem: PlacementProblem, shapes: Sequence[int]) -> GroupPartition:
    """Return the partition of the given groups, largest groups of each pool first."""
    ordered = sorted(
        (int(h) for h in shapes),
        key=lambda h: (problem.shapes[h].pool, -problem.shapes[h].num_devices, h),
    )
    return GroupPartition(tuple(ordered), describe_shapes(problem, ordered))


def useful_shapes(problem: PlacementProblem) -> NDArray[np.bool_]:
    """Whether at least one model can be served by each shape, ``bool[H]``."""
    return np.asarray(servable_replicas(problem).any(axis=1))


def pool_partitions(problem: PlacementProblem, pool: int) -> list[GroupPartition]:
    """Enumerate the partitions of one pool into equal groups, smallest groups first."""
    useful = useful_shapes(problem)
    shapes = [h for h, shape in enumerate(problem.shapes) if shape.pool == pool and useful[h]]
    return [make_partition(problem, _fill(problem, shapes, main)) for main in shapes]


def uniform_partitions(problem: PlacementProblem) -> list[GroupPartition]:
    """Enumerate partitions into equal groups, one size and shape for each pool.

    With several pools these are the combinations of the pools' partitions, at most
    `MAX_UNIFORM`, taken at equal steps if there are more.
    """
    choices = [pool_partitions(problem, pool) for pool in range(len(problem.pools))]
    choices = [choice for choice in choices if choice]
    total = math.prod(map(len, choices))
    step = -(-total // MAX_UNIFORM)
    # Combinations are picked by number, as there may be far too many to list.
    picked = [_combination(choices, number) for number in range(0, total, step)]
    return [_joined(problem, parts) for parts in picked]


def combine(
    problem: PlacementProblem, choices: Sequence[Sequence[GroupPartition]]
) -> list[GroupPartition]:
    """Return every combination of one partition for each pool."""
    return [_joined(problem, parts) for parts in itertools.product(*choices)]


def _joined(problem: PlacementProblem, parts: Sequence[GroupPartition]) -> GroupPartition:
    return make_partition(problem, [h for part in parts for h in part.shapes])


def _combination(choices: Sequence[Sequence[GroupPartition]], number: int) -> list[GroupPartition]:
    """Return combination `number` in the order of `itertools.product`."""
    parts = []
    for choice in reversed(choices):
        number, index = divmod(number, len(choice))
        parts.append(choice[index])
    return parts[::-1]


def _fill(problem: PlacementProblem, shapes: Sequence[int], main: int) -> list[int]:
    """Fill a pool with groups of one shape, and what remains with smaller ones."""
    pool = problem.pools[problem.shapes[main].pool]
    size = problem.shapes[main].num_devices
    if size <= pool.devices_per_node:
        on_node = _fill_node(problem, shapes, main, pool.devices_per_node)
        return on_node * pool.num_nodes
    nodes_each = size // pool.devices_per_node
    groups = [main] * (pool.num_nodes // nodes_each)
    nodes_left = pool.num_nodes % nodes_each
    filler = _largest_filler(problem, shapes, main, nodes_left * pool.devices_per_node, pool)
    while nodes_left and filler is not None:
        filler_size = problem.shapes[filler].num_devices
        if filler_size <= pool.devices_per_node:
            groups += _fill_node(problem, shapes, filler, pool.devices_per_node) * nodes_left
            nodes_left = 0
        else:
            groups.append(filler)
            nodes_left -= filler_size // pool.devices_per_node
            devices_left = nodes_left * pool.devices_per_node
            filler = _largest_filler(problem, shapes, main, devices_left, pool)
    return groups


def _fill_node(
    problem: PlacementProblem, shapes: Sequence[int], main: int, num_devices: int
) -> list[int]:
    """Fill devices of one node with groups of one shape, and what remains with smaller ones."""
    groups = []
    shape: int | None = main
    pool = problem.pools[problem.shapes[main].pool]
    while shape is not None:
        size = problem.shapes[shape].num_devices
        groups += [shape] * (num_devices // size)
        num_devices %= size
        shape = _largest_filler(problem, shapes, main, num_devices, pool)
    return groups


def _largest_filler(
    problem: PlacementProblem,
    shapes: Sequence[int],
    main: int,
    num_devices: int,
    pool: DevicePool,
) -> int | None:
    """Return the largest shape that fits, with the same intra_op if possible; None if none fits."""
    fitting = [
        h
        for h in shapes
        if problem.shapes[h].num_devices <= num_devices
        and pool.can_hold_group_of(problem.shapes[h].num_devices)
    ]
    wanted = problem.shapes[main].intra_op
    return max(
        fitting,
        key=lambda h: (
            problem.shapes[h].num_devices,
            problem.shapes[h].intra_op == wanted,
            problem.shapes[h].inter_op,
        ),
        default=None,
    )
