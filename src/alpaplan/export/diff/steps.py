"""An order of rounds to the steps of a roll-out: what is loaded, routed and unloaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from alpaplan.analysis.rollout import Action
from alpaplan.export.diff.fleet import DeviceMemory, Fleet
from alpaplan.export.diff.order import Moves, Order


@dataclass(frozen=True)
class Step:
    """One step: numbers of the engines that it starts or begins to use, and of the others."""

    do: Action
    add: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()


def rollout_steps(moves: Moves, order: Order, groups_at_once: int | None = None) -> list[Step]:
    """Return the steps of an order, with everything that it leaves open.

    Old replicas that are not held serve until their devices, memory or names are needed. New ones
    that no move needs are loaded once there is room that no later round needs, into groups that can
    be used.

    Parameters
    ----------
    moves
        What had to be ordered.
    order
        In which order.
    groups_at_once
        How many groups take what no move needs together; None: all.
    """
    rollout = _Rollout(moves, order, groups_at_once)
    loads = rollout.loads_of_round(0)
    rollout.switch(order.held, loads)
    for number, each in enumerate(order.rounds):
        rollout.load([*loads, *rollout.more_loads(number)])
        loads = rollout.loads_of_round(number + 1)
        rollout.switch(each.held, loads)
    while loads:
        rollout.load(loads)
        loads = rollout.loads_of_round(len(order.rounds))
        rollout.switch(frozenset(), loads)
    return rollout.steps


class _Rollout:
    """What runs and is used after the steps so far.

    Parameters
    ----------
    moves, order, groups_at_once
        See `rollout_steps`.
    """

    def __init__(self, moves: Moves, order: Order, groups_at_once: int | None) -> None:
        self._moves, self._order, self._groups_at_once = moves, order, groups_at_once
        self._fleet: Fleet = moves.fleet
        self._engines = moves.fleet.engines
        self._old = set(self._fleet.old)
        self._running: set[int] = set()
        self._used: set[int] = set()
        self.steps: list[Step] = []

    def loads_of_round(self, number: int) -> list[int]:
        """Return what a round loads and does not run yet.

        After the last one, what is left is loaded, of some groups at a time.
        """
        rounds = self._order.rounds
        if number < len(rounds):
            return [engine for engine in rounds[number].loads if engine not in self._running]
        left = self._left()
        if self._groups_at_once is None:
            return left
        # Models with few replicas in use come first, so that none loses many before it gains some.
        used = Counter(
            self._engines[e].model for e in (*self._fleet.staying, *self._used, *self._old)
        )
        left.sort(key=lambda e: (used[self._engines[e].model], self._engines[e].slot, e))
        slots = list(dict.fromkeys(self._engines[engine].slot for engine in left))
        chosen = set(slots[: self._groups_at_once])
        return [engine for engine in left if self._engines[engine].slot in chosen]

    def load(self, engines: Collection[int]) -> None:
        """Start new replicas."""
        if engines:
            self.steps.append(Step(Action.LOAD, add=tuple(sorted(engines))))
            self._running.update(engines)

    def switch(self, held: frozenset[int], next_loads: Collection[int]) -> None:
        """Use all that can be used, stop what is in the way, and make room for the next round.

        Parameters
        ----------
        held
            Old replicas that go on.
        next_loads
            What is loaded next; nothing is at the end.
        """
        if next_loads:
            stopped = self._in_the_way(held, next_loads)
            stopped |= self._in_memory_of(held, stopped, next_loads)
        else:
            stopped = self._old - held
        left = self._old - stopped
        begun = {
            engine
            for engine in self._running - self._used
            if self._fleet.old_in_the_way[self._engines[engine].slot].isdisjoint(left)
        }
        if begun or stopped:
            gone = tuple(sorted(stopped))
            self.steps.append(Step(Action.ROUTE, tuple(sorted(begun)), gone))
            if gone:
                self.steps.append(Step(Action.UNLOAD, remove=gone))
        self._used |= begun
        self._old = left

    def more_loads(self, number: int) -> list[int]:
        """Return what a round can load beside its own without being in a later one's way."""
        now = self._memory(self._old, [*self._running, *self.loads_of_round(number)])
        later = [self._least_memory(after) for after in range(number + 1, len(self._order.rounds))]
        names = self._moves.names(self._old)
        own = set(self.loads_of_round(number))
        used = Counter(self._engines[e].model for e in (*self._fleet.staying, *self._used))
        chosen = []
        for engine in sorted(self._left(), key=lambda e: (used[self._engines[e].model], e)):
            there = self._engines[engine]
            if engine in own or there.name in names:
                continue
            is_free = self._fleet.old_in_the_way[there.slot].isdisjoint(self._old)
            if is_free and all(memory.has_room_for(engine) for memory in (now, *later)):
                chosen.append(engine)
                for memory in (now, *later):
                    memory.add(engine)
        return chosen

    def _left(self) -> list[int]:
        """Return all that has to be loaded and does not run yet."""
        return [engine for engine in self._fleet.new if engine not in self._running]

    def _in_the_way(self, held: frozenset[int], next_loads: Iterable[int]) -> set[int]:
        """Return what must stop for groups to be used: with what runs, and with what comes."""
        waiting = {self._engines[engine].slot for engine in self._running - self._used}
        coming = {self._engines[engine].slot for engine in next_loads}
        found: set[int] = set()
        for slot in waiting | coming:
            if self._moves.is_free(slot, held):
                found |= self._fleet.old_in_the_way[slot] & self._old
        return found

    def _in_memory_of(
        self, held: frozenset[int], stopped: set[int], next_loads: Collection[int]
    ) -> set[int]:
        """Return what else must stop for the next round to have room, and its names.

        Of a full device those stop first whose models are used most often elsewhere.
        """
        names = self._moves.names(next_loads)
        found = {e for e in self._old - stopped if self._engines[e].name in names}
        used = Counter(
            self._engines[e].model
            for e in (*self._fleet.staying, *self._running, *(self._old - stopped - found))
        )
        while True:
            running = self._old - stopped - found
            overfull = self._memory(running, [*self._running, *next_loads]).overfull()
            if not overfull.size:
                return found
            device = int(overfull[0])
            there = [e for e in running - held if device in self._engines[e].devices]
            if not there:
                raise RuntimeError("the order of a roll-out does not fit into memory")
            engine = max(there, key=lambda e: (used[self._engines[e].model], -e))
            found.add(engine)
            used[self._engines[engine].model] -= 1

    def _least_memory(self, number: int) -> DeviceMemory:
        """Return what is held while a later round loads if all stops that may."""
        rounds = self._order.rounds
        loaded = {engine for each in rounds[: number + 1] for engine in each.loads}
        return self._memory(rounds[number - 1].held, loaded | self._running)

    def _memory(self, old: Iterable[int], new: Iterable[int]) -> DeviceMemory:
        return self._fleet.memory([*self._fleet.staying, *old, *new])
