"""A schedule: placements that follow each other, and which of their groups are the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.placement import Placement


@dataclass(frozen=True)
class Schedule:
    """Placements, each current from its start until that of the next one.

    Parameters
    ----------
    start_s : float64[P]
        When each placement begins; the first one's is 0, each later one's above the one before.
    placements
        The placements, groups in plan order. A group without replicas may stand among them.
    names
        For each placement the names of its groups. A group whose name was in the placement just
        before goes on; any other is new.
    devices
        For each placement and group the devices that it runs on.
    """

    start_s: NDArray[np.float64]
    placements: tuple[Placement, ...]
    names: tuple[tuple[str, ...], ...]
    devices: tuple[tuple[frozenset[Hashable], ...], ...]

    def __post_init__(self) -> None:
        self.start_s.setflags(write=False)
        for index, placement in enumerate(self.placements):
            if len(self.names[index]) != placement.num_groups:
                raise ValueError(f"each group must have a name, not so in placement {index}")

    @property
    def num_placements(self) -> int:
        """Number of placements, ``P``."""
        return len(self.placements)


@dataclass(frozen=True)
class LifeOfGroup:
    """A group from where it is new to where it ends.

    Parameters
    ----------
    name, shape, devices
        As in the schedule.
    first, end
        First placement that has it, and the one behind the last.
    """

    name: str
    shape: int
    devices: frozenset[Hashable]
    first: int
    end: int


def lives_of_groups(
    schedule: Schedule,
) -> tuple[tuple[LifeOfGroup, ...], tuple[NDArray[np.int64], ...]]:
    """Return the lives of all groups in order of their first placement, there in plan order.

    Returns
    -------
    lives
        ``L`` of them; a name that comes back has several.
    number : tuple of int64[G]
        For each placement the lives of its groups.
    """
    found: list[LifeOfGroup] = []
    numbers: list[NDArray[np.int64]] = []
    before: dict[str, int] = {}
    for index, (placement, names) in enumerate(
        zip(schedule.placements, schedule.names, strict=True)
    ):
        now: dict[str, int] = {}
        for group, name in enumerate(names):
            number = before.get(name)
            devices = schedule.devices[index][group]
            shape = int(placement.shapes[group])
            if number is None:
                number = len(found)
                found.append(LifeOfGroup(name, shape, devices, index, index + 1))
            else:
                began = found[number].first
                found[number] = LifeOfGroup(name, shape, devices, began, index + 1)
            now[name] = number
        numbers.append(np.fromiter(now.values(), dtype=np.int64, count=len(now)))
        before = now
    return tuple(found), tuple(numbers)


def earlier_on_devices(lives: Sequence[LifeOfGroup]) -> tuple[tuple[int, ...], ...]:
    """Return for each life those that ended before it began and had some of its devices."""
    on_device: dict[Hashable, list[int]] = {}
    for number, life in enumerate(lives):
        for device in life.devices:
            on_device.setdefault(device, []).append(number)
    found = []
    for life in lives:
        others = {other for device in life.devices for other in on_device[device]}
        found.append(tuple(sorted(other for other in others if lives[other].end <= life.first)))
    return tuple(found)
