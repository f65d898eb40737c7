"""Both plans' replicas as engines on devices, with what each of them holds there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alpaplan.export.diff.matching import Device, GroupPair
from alpaplan.problem import PlacementProblem
from alpaplan.specs.plan import ReplicaSpec


class Origin(StrEnum):
    """Which plan a replica is of, as the steps of a diff name it."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True)
class Engine:
    """A replica that runs or is to run: one process on each device of its group.

    Parameters
    ----------
    origin
        The plan that it is of; one that stays is of the new one.
    group
        Number of its group in that plan.
    slot
        Number of its group among those of both plans.
    position
        Its place among the group's replicas.
    replica
        As the plan has it.
    name
        As exports call it: no two of one name can run.
    profile
        Row of the fleet's problem.
    devices : int64[k]
        Numbers of its devices.
    weights, kept, in_turn : int64[k]
        What it loads, holds all the time, and holds while it is the one that runs, in bytes on
        each of its devices; see `alpaplan.problem.transition.HeldBytes`.
    kv_tokens
        KV tokens of an LLM's engine; 0 for fixed-service models.
    """

    origin: Origin
    group: int
    slot: int
    position: int
    replica: ReplicaSpec
    name: str
    profile: int
    devices: NDArray[np.int64]
    weights: NDArray[np.int64]
    kept: NDArray[np.int64]
    in_turn: NDArray[np.int64]
    kv_tokens: int

    @property
    def model(self) -> str:
        """What requests ask it for."""
        return self.replica.model


@dataclass(frozen=True)
class Fleet:
    """All that runs before, on the way and after.

    Engines are known by their numbers: staying ones first, then old and new ones.

    Parameters
    ----------
    pairs
        Groups of both plans: the slots of engines.
    blockers
        Slot -> those that share a device with it: a group can be used once they are not.
    engines
        All engines.
    staying, old, new
        Their numbers: those of both plans, those that stop and those that start.
    devices
        Devices of both clusters.
    usable_bytes : int64[D]
        What each of them has for engines.
    problem
        What replicas cost, of the models of the new workload first; then of the old one's.
    shapes
        Slot -> index of the group's shape there.
    """

    pairs: tuple[GroupPair, ...]
    blockers: tuple[frozenset[int], ...]
    engines: tuple[Engine, ...]
    staying: tuple[int, ...]
    old: tuple[int, ...]
    new: tuple[int, ...]
    devices: tuple[Device, ...]
    usable_bytes: NDArray[np.int64]
    problem: PlacementProblem
    shapes: NDArray[np.int64]

    @cached_property
    def served_in_both(self) -> tuple[str, ...]:
        """Models with a replica in both plans, by name."""
        new = {self.engines[e].model for e in (*self.staying, *self.new)}
        old = {self.engines[e].model for e in (*self.staying, *self.old)}
        return tuple(sorted(old & new))

    @cached_property
    def old_in_slot(self) -> Mapping[int, frozenset[int]]:
        """Slot -> engines there that stop."""
        found: dict[int, set[int]] = {}
        for engine in self.old:
            found.setdefault(self.engines[engine].slot, set()).add(engine)
        return {slot: frozenset(engines) for slot, engines in found.items()}

    @cached_property
    def old_in_the_way(self) -> tuple[frozenset[int], ...]:
        """Slot -> engines that stop and that must not be used when the group is."""
        nobody: frozenset[int] = frozenset()
        return tuple(
            nobody.union(*(self.old_in_slot.get(other, nobody) for other in blockers))
            for blockers in self.blockers
        )

    def memory(self, running: Sequence[int]) -> DeviceMemory:
        """Return what engines hold on all devices."""
        memory = DeviceMemory(self)
        for engine in running:
            memory.add(engine)
        return memory


class DeviceMemory:
    """What runs on devices, by the memory rule; engines can be added.

    Parameters
    ----------
    fleet
        The engines.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._engines, self._usable = fleet.engines, fleet.usable_bytes
        self._kept = np.zeros(self._usable.size, dtype=np.int64)
        self._in_turn = np.zeros(self._usable.size, dtype=np.int64)

    def add(self, number: int) -> None:
        """Let one more engine run."""
        engine = self._engines[number]
        devices = engine.devices
        self._kept[devices] += engine.kept
        self._in_turn[devices] = np.maximum(self._in_turn[devices], engine.in_turn)

    def kept_on(self, device: int) -> int:
        """Return the bytes that are kept on a device."""
        return int(self._kept[device])

    def in_turn_on(self, device: int) -> int:
        """Return the bytes that the engine that runs needs there at most."""
        return int(self._in_turn[device])

    def copy(self) -> DeviceMemory:
        """Return the same, to be added to without changing this."""
        copied = object.__new__(DeviceMemory)
        copied._engines, copied._usable = self._engines, self._usable
        copied._kept, copied._in_turn = self._kept.copy(), self._in_turn.copy()
        return copied

    def has_room_for(self, number: int) -> bool:
        """Whether one more engine fits."""
        engine = self._engines[number]
        devices = engine.devices
        in_turn = np.maximum(self._in_turn[devices], engine.in_turn)
        needed = self._kept[devices] + engine.kept + in_turn
        return bool((needed <= self._usable[devices]).all())

    def overfull(self) -> NDArray[np.int64]:
        """Return the numbers of the devices that hold more than they can."""
        return np.flatnonzero(self._kept + self._in_turn > self._usable)

    def fullest(self) -> float:
        """Return the largest held part of a device's memory."""
        return float(((self._kept + self._in_turn) / self._usable).max(initial=0.0))
