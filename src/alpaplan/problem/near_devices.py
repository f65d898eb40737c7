"""Groups onto devices where some of them already run: these stay, others take what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.devices import DeviceAssignment, DeviceSpan
from alpaplan.problem.problem import PlacementProblem

Spans = tuple[DeviceSpan, ...]


def assign_beside(
    problem: PlacementProblem, shapes: Sequence[int], staying: Mapping[int, Spans]
) -> DeviceAssignment | None:
    """Give every group its devices where some have them already; None if the rest does not pack.

    Larger groups go first, each into the smallest gap that has room.

    Parameters
    ----------
    problem
        The problem.
    shapes
        Shape of each group.
    staying
        Group -> where it runs.
    """
    free = _free_devices(problem, staying.values())
    spans: list[Spans] = [staying.get(group, ()) for group in range(len(shapes))]
    others = [group for group in range(len(shapes)) if group not in staying]
    for group in sorted(others, key=lambda g: -problem.shapes[shapes[g]].num_devices):
        shape = problem.shapes[shapes[group]]
        found = _place(free[shape.pool], shape.pool, shape.num_devices)
        if found is None:
            return None
        spans[group] = found
    return DeviceAssignment(tuple(spans), unused_devices(problem, spans))


def unused_devices(problem: PlacementProblem, spans: Iterable[Spans]) -> Spans:
    """Return what groups leave over, in cluster order."""
    return tuple(
        DeviceSpan(pool, node, first, count)
        for pool, nodes in enumerate(_free_devices(problem, spans))
        for node, is_free in enumerate(nodes)
        for first, count in _gaps(is_free)
    )


def _free_devices(problem: PlacementProblem, taken: Iterable[Spans]) -> list[NDArray[np.bool_]]:
    """Return which devices nobody has, ``bool[nodes, devices]`` of each pool."""
    free = [np.ones((pool.num_nodes, pool.devices_per_node), np.bool_) for pool in problem.pools]
    for spans in taken:
        for span in spans:
            free[span.pool][span.node, span.first : span.first + span.count] = False
    return free


def _place(free: NDArray[np.bool_], pool: int, size: int) -> Spans | None:
    """Take devices of one node, or whole nodes, from those that are free."""
    num_nodes, on_each = max(1, size // free.shape[1]), min(size, free.shape[1])
    if num_nodes == 1:
        gaps = [
            (count, node, first)
            for node, is_free in enumerate(free)
            for first, count in _gaps(is_free)
            if count >= on_each
        ]
        chosen = [min(gaps)[1:]] if gaps else []
    else:
        chosen = [(int(node), 0) for node in np.flatnonzero(free.all(axis=1))[:num_nodes]]
    if len(chosen) < num_nodes or num_nodes * on_each != size:
        return None
    for node, first in chosen:
        free[node, first : first + on_each] = False
    return tuple(DeviceSpan(pool, node, first, on_each) for node, first in chosen)


def _gaps(is_free: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the first device and the length of each run of free ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_free.astype(np.int8), [0]])))
    for first, end in edges.reshape(-1, 2).tolist():
        yield first, end - first
