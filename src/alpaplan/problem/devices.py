"""Groups onto concrete devices: inside one node, or whole nodes of one pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from alpaplan.problem.problem import DevicePool, PlacementProblem


@dataclass(frozen=True)
class DeviceSpan:
    """Consecutive devices of one node.

    Parameters
    ----------
    pool, node
        Index of the pool, and of the node in the pool.
    first, count
        First device and number of devices.
    """

    pool: int
    node: int
    first: int
    count: int


@dataclass(frozen=True)
class DeviceAssignment:
    """Where the groups of a placement run, and what is left over.

    Parameters
    ----------
    groups
        Spans of each group, in the order of the groups.
    unused
        Spans that no group has, in cluster order.
    """

    groups: tuple[tuple[DeviceSpan, ...], ...]
    unused: tuple[DeviceSpan, ...]


def assign_devices(problem: PlacementProblem, shapes: Sequence[int]) -> DeviceAssignment | None:
    """Give every group its devices, or return None if they do not pack.

    Larger groups go first, each into the first node with room (first-fit decreasing); groups
    of equal size keep their order. With sizes that divide the node, as powers of two do, this
    finds a packing whenever there is one.
    """
    spans: list[tuple[DeviceSpan, ...]] = [()] * len(shapes)
    unused: list[DeviceSpan] = []
    for pool_index, pool in enumerate(problem.pools):
        members = [g for g, h in enumerate(shapes) if problem.shapes[h].pool == pool_index]
        sizes = [problem.shapes[shapes[g]].num_devices for g in members]
        placed = _pack(pool_index, pool, sizes)
        if placed is None:
            return None
        group_spans, left = placed
        for group, span in zip(members, group_spans, strict=True):
            spans[group] = span
        unused += left
    return DeviceAssignment(tuple(spans), tuple(unused))


def first_nodes(problem: PlacementProblem, shapes: Sequence[int]) -> tuple[int, ...]:
    """Return the first node of each group, counted through all pools.

    As a group of several nodes shares them with nobody, two groups share a node only if their
    first one is the same.

    Raises
    ------
    ValueError
        If the groups do not pack.
    """
    sizes = tuple((problem.shapes[h].pool, problem.shapes[h].num_devices) for h in shapes)
    return _first_nodes(problem.pools, sizes)


@lru_cache(maxsize=1024)
def _first_nodes(
    pools: tuple[DevicePool, ...], sizes: tuple[tuple[int, int], ...]
) -> tuple[int, ...]:
    """Return the first node of each group, given by its pool and number of devices."""
    found = [0] * len(sizes)
    before = 0
    for index, pool in enumerate(pools):
        members = [g for g, (own, _) in enumerate(sizes) if own == index]
        placed = _pack(index, pool, [sizes[g][1] for g in members])
        if placed is None:
            raise ValueError("the groups do not fit onto the devices")
        for group, spans in zip(members, placed[0], strict=True):
            found[group] = before + spans[0].node
        before += pool.num_nodes
    return tuple(found)


def _pack(
    pool_index: int, pool: DevicePool, sizes: Sequence[int]
) -> tuple[list[tuple[DeviceSpan, ...]], list[DeviceSpan]] | None:
    used = [0] * pool.num_nodes
    spans: list[tuple[DeviceSpan, ...]] = [()] * len(sizes)
    first_open = 0
    for group in sorted(range(len(sizes)), key=lambda g: -sizes[g]):
        size = sizes[group]
        num_nodes = max(1, size // pool.devices_per_node)
        on_each = size if num_nodes == 1 else pool.devices_per_node
        while first_open < pool.num_nodes and used[first_open] == pool.devices_per_node:
            first_open += 1
        chosen = []
        for node in range(first_open, pool.num_nodes):
            if used[node] + on_each <= pool.devices_per_node:
                chosen.append(node)
                if len(chosen) == num_nodes:
                    break
        if len(chosen) < num_nodes or not pool.can_hold_group_of(size):
            return None
        spans[group] = tuple(DeviceSpan(pool_index, n, used[n], on_each) for n in chosen)
        for node in chosen:
            used[node] += on_each
    left = [
        DeviceSpan(pool_index, node, used[node], pool.devices_per_node - used[node])
        for node in range(pool.num_nodes)
        if used[node] < pool.devices_per_node
    ]
    return spans, left
