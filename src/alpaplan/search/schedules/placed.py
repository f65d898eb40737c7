"""Placements of a schedule on devices, such that what two of them share stays loaded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from alpaplan.problem import Placement, PlacementProblem, Schedule
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.memory_rule import weight_bytes

Device = tuple[int, int, int]
"""Pool, node in the pool, and device in the node."""


@dataclass(frozen=True)
class Placed:
    """A placement with names and devices for its groups.

    Parameters
    ----------
    placement
        The placement, without empty groups.
    names, devices
        Of each group.
    """

    placement: Placement
    names: tuple[str, ...]
    devices: tuple[tuple[Device, ...], ...]

    @property
    def num_devices(self) -> int:
        """Devices of all groups."""
        return sum(map(len, self.devices))

    def key(self) -> tuple[tuple[str, ...], bytes]:
        """Return a key that is equal for equal placements only."""
        return self.names, self.placement.key()

    @property
    def nodes(self) -> frozenset[tuple[int, int]]:
        """Pool and number in the pool of each node that has a device in use."""
        return frozenset((pool, node) for own in self.devices for pool, node, _ in own)

    def without(self, groups: Collection[int]) -> Placed:
        """Return what is left without some of the groups."""
        left = [each for each in range(len(self.names)) if each not in groups]
        return Placed(
            self.placement.take(left),
            tuple(self.names[each] for each in left),
            tuple(self.devices[each] for each in left),
        )


def num_lacking(
    problem: PlacementProblem, placement: Placement, devices: Sequence[tuple[Device, ...]]
) -> int:
    """Return how many required replicas a placement lacks, given the devices of its groups."""
    if problem.required is None:
        return 0
    # Groups share a node only if the first ones are the same: several nodes belong to one group.
    first = [min(own)[:2] for own in devices]
    number = {node: index for index, node in enumerate(sorted(set(first)))}
    nodes = np.array([number[node] for node in first], dtype=np.int64)
    return int(problem.required.missing(placement.replicas, nodes).sum())


def schedule_of(start_s: Sequence[float], placed: Sequence[Placed]) -> Schedule:
    """Return a schedule of placements, without those that change nothing."""
    kept = [
        index
        for index, each in enumerate(placed)
        if index == 0 or each.key() != placed[index - 1].key()
    ]
    return Schedule(
        np.array([start_s[index] for index in kept], dtype=np.float64),
        tuple(placed[index].placement for index in kept),
        tuple(placed[index].names for index in kept),
        tuple(tuple(frozenset(own) for own in placed[index].devices) for index in kept),
    )


@dataclass
class GroupNames:
    """Hands out names of groups: one for each shape, list of devices, and limits on batches."""

    _names: dict[tuple[int, tuple[Device, ...]], list[str]] = field(default_factory=dict)
    _caps: dict[str, dict[int, int]] = field(default_factory=dict)

    def name(self, shape: int, devices: tuple[Device, ...], caps: dict[int, int]) -> str:
        """Return the name of a group; known ones have the same devices, shape and limits.

        Parameters
        ----------
        shape, devices
            The group.
        caps
            Model -> the limit on its batches that the placement states; 0 for none.
        """
        known = self._names.setdefault((shape, devices), [])
        for name in known:
            limits = self._caps[name]
            if all(limits.get(model, cap) == cap for model, cap in caps.items()):
                limits.update(caps)
                return name
        name = f"g{len(self._caps)}"
        known.append(name)
        self._caps[name] = dict(caps)
        return name


def place(
    problem: PlacementProblem, placement: Placement, names: GroupNames, like: Placed | None
) -> Placed:
    """Give the groups of a placement devices and names, like those of another placement.

    Groups of one shape exchange their devices, unless that puts required replicas on one node. The
    pair of group and devices with the most weight bytes in common with the other placement comes
    first; ties go by the order of both.

    Parameters
    ----------
    problem, placement
        What is placed; its groups fit onto the cluster.
    names
        The names so far.
    like
        The other placement; None if there is none.

    Raises
    ------
    ValueError
        If the groups do not fit onto the cluster.
    """
    # Groups without replicas have devices too, as searches take them to have.
    assignment = assign_devices(problem, placement.shapes.tolist())
    if assignment is None:
        raise ValueError("the groups do not fit onto the devices")
    used = placement.without_empty_groups()
    places = [
        tuple(
            (span.pool, span.node, device)
            for span in assignment.groups[group]
            for device in range(span.first, span.first + span.count)
        )
        for group in placement.in_use.tolist()
    ]
    devices = places
    if like is not None:
        near = _near(problem, used, places, like)
        if num_lacking(problem, used, near) <= num_lacking(problem, used, places):
            devices = near
    caps = np.zeros(used.replicas.shape, dtype=np.int64)
    if used.max_batch_size is not None:
        caps = used.max_batch_size
    named = tuple(
        names.name(
            int(shape),
            devices[group],
            {m: int(caps[group, m]) for m in np.flatnonzero(used.replicas[group]).tolist()},
        )
        for group, shape in enumerate(used.shapes)
    )
    return Placed(used, named, tuple(devices))


def _near(
    problem: PlacementProblem,
    placement: Placement,
    places: list[tuple[Device, ...]],
    like: Placed,
) -> list[tuple[Device, ...]]:
    weight = weight_bytes(problem)[:, problem.profile_of_model]
    there = {
        (int(shape), devices): like.placement.replicas[group]
        for group, (shape, devices) in enumerate(
            zip(like.placement.shapes, like.devices, strict=True)
        )
    }
    pairs = []
    for group, shape in enumerate(placement.shapes.tolist()):
        for other in np.flatnonzero(placement.shapes == shape).tolist():
            had = there.get((shape, places[other]))
            common = 0 if had is None else int(weight[shape] @ (had & placement.replicas[group]))
            pairs.append((-common, other, group))
    found: dict[int, tuple[Device, ...]] = {}
    taken: set[int] = set()
    for _, other, group in sorted(pairs):
        if group not in found and other not in taken:
            found[group] = places[other]
            taken.add(other)
    return [found[group] for group in range(placement.num_groups)]
