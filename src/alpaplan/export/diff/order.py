"""The order of steps: which replicas have to be loaded before which old ones can stop.

Only models without a replica that stays matter here: all others are served whatever stops, and
what is left to load fits once all old replicas have stopped. Of each of the former, as few old
replicas as it needs are *held* until new ones are used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from alpaplan.export.diff.fleet import DeviceMemory, Fleet


@dataclass(frozen=True)
class Round:
    """What is loaded together, and which old replicas are still held after the switch to it."""

    loads: tuple[int, ...]
    held: frozenset[int]


@dataclass(frozen=True)
class Order:
    """Rounds one after the other, the last one without any old replica held.

    Parameters
    ----------
    held
        Old replicas held at first; all others may stop before anything is loaded.
    rounds
        What is loaded then.
    """

    held: frozenset[int]
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Moves:
    """Models that have to move from old replicas to new ones, so many of each at any time.

    Parameters
    ----------
    fleet
        What runs.
    needed
        Model -> replicas that must be used at any time, of models that stop everywhere.
    """

    fleet: Fleet
    needed: Mapping[str, int]

    @classmethod
    def keeping(cls, fleet: Fleet, copies: int, outage: Collection[str] = ()) -> Moves:
        """Return the moves that keep some replicas of every model, or as many as it ever has.

        Parameters
        ----------
        fleet
            What runs.
        copies
            How many.
        outage
            Models that need none.
        """
        engines = fleet.engines
        staying = Counter(engines[e].model for e in fleet.staying)
        old, new = (Counter(engines[e].model for e in each) for each in (fleet.old, fleet.new))
        needed = {
            model: min(copies, staying[model] + min(old[model], new[model])) - staying[model]
            for model in fleet.served_in_both
            if model not in outage
        }
        return cls(fleet, {model: number for model, number in needed.items() if number > 0})

    @cached_property
    def old_of(self) -> Mapping[str, tuple[int, ...]]:
        """Model -> its old replicas."""
        return self._by_model(self.fleet.old)

    @cached_property
    def new_of(self) -> Mapping[str, tuple[int, ...]]:
        """Model -> its new replicas."""
        return self._by_model(self.fleet.new)

    def _by_model(self, engines: Iterable[int]) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {model: [] for model in self.needed}
        for engine in engines:
            model = self.fleet.engines[engine].model
            if model in found:
                found[model].append(engine)
        return {model: tuple(each) for model, each in found.items()}

    def is_free(self, slot: int, held: Collection[int]) -> bool:
        """Whether a group can be used, as far as held replicas are concerned."""
        return self.fleet.old_in_the_way[slot].isdisjoint(held)

    def memory(self, held: Iterable[int], loaded: Iterable[int]) -> DeviceMemory:
        """Return what devices hold at least."""
        return self.fleet.memory([*self.fleet.staying, *held, *loaded])

    def names(self, engines: Iterable[int]) -> set[str]:
        """Return the names of engines."""
        return {self.fleet.engines[engine].name for engine in engines}

    def still_held(self, loaded: Collection[int], held: frozenset[int]) -> frozenset[int]:
        """Return the old replicas that are held after a switch to what is loaded.

        It starts from none and takes back what models lack, from as few groups as it can, until
        all are served: what is taken back may keep new groups from being used.
        """
        kept: set[int] = set()
        slots: Counter[int] = Counter()
        forced = {m for m, number in self.needed.items() if len(self._held_of(m, held)) <= number}
        while True:
            changed = False
            for model in sorted(self.needed, key=lambda name: (name not in forced, name)):
                lacking = self.needed[model] - self._used(model, loaded, kept)
                mine = [e for e in self._held_of(model, held) if e not in kept]
                mine.sort(key=lambda e: self._preference(e, slots))
                for engine in mine[: max(0, lacking)]:
                    kept.add(engine)
                    slots[self.fleet.engines[engine].slot] += 1
                    changed = True
            if not changed:
                return frozenset(kept)

    def _held_of(self, model: str, held: Collection[int]) -> list[int]:
        return [engine for engine in self.old_of[model] if engine in held]

    def _used(self, model: str, loaded: Collection[int], kept: Collection[int]) -> int:
        """Return how many replicas of a model are used where all that is loaded and free is."""
        engines = self.fleet.engines
        new = sum(
            engine in loaded and self.is_free(engines[engine].slot, kept)
            for engine in self.new_of[model]
        )
        return new + sum(engine in kept for engine in self.old_of[model])

    def _preference(self, engine: int, slots: Counter[int]) -> tuple[bool, bool, int]:
        """Sort groups that are held anyway first, then those in nobody's way."""
        slot = self.fleet.engines[engine].slot
        return not slots[slot], bool(self.fleet.blockers[slot]), slot


class Stuck(Exception):  # noqa: N818 (not an error to be reported as it is)
    """No further step was found."""


def greedy_order(moves: Moves, groups_at_once: int | None = None) -> Order:
    """Move as many models at a time as there is room for.

    Models move to groups that are free first. Then groups are freed: their models are loaded
    beside them, on the groups that take their devices over or wherever else they go.

    Parameters
    ----------
    moves
        What has to move.
    groups_at_once
        How many groups are freed together; None: as many as there is room for.

    Raises
    ------
    Stuck
        If that comes to no end; there may be an order all the same.
    """
    everything = frozenset(engine for engines in moves.old_of.values() for engine in engines)
    first = held = moves.still_held((), everything)
    loaded: set[int] = set()
    rounds: list[Round] = []
    while held:
        loads = _Loads(moves, held, loaded)
        loads.into_free_groups()
        loads.to_free_groups(groups_at_once)
        after = moves.still_held(loaded | loads.chosen, held)
        if after == held:
            raise Stuck
        loaded |= loads.chosen
        held = after
        rounds.append(Round(tuple(sorted(loads.chosen)), held))
    return Order(first, tuple(rounds))


class _Loads:
    """What is loaded in one round.

    Parameters
    ----------
    moves
        What has to move.
    held, loaded
        What runs.
    """

    def __init__(self, moves: Moves, held: frozenset[int], loaded: Collection[int]) -> None:
        self._moves, self._held, self._loaded = moves, held, loaded
        self._engines = moves.fleet.engines
        self._memory = moves.memory(held, loaded)
        self._names = moves.names(held)
        self.chosen: set[int] = set()

    def into_free_groups(self) -> None:
        """Load held models into groups that can be used."""
        for model in sorted({self._engines[engine].model for engine in self._held}):
            lacking = self._moves.needed[model] - self._new_in_use(model, self._held, ())
            for engine in self._moves.new_of[model]:
                is_free = self._moves.is_free(self._engines[engine].slot, self._held)
                if lacking > 0 and is_free and self._can_load(engine, self._memory):
                    self._memory.add(engine)
                    self.chosen.add(engine)
                    lacking -= 1

    def to_free_groups(self, at_most: int | None) -> None:
        """Load what frees groups, those that need the least first."""
        freed = 0
        slots = {
            self._engines[engine].slot
            for engines in self._moves.new_of.values()
            for engine in engines
        }
        blocked = [slot for slot in sorted(slots) if not self._moves.is_free(slot, self._held)]
        bundles = {slot: self._bundle(slot) for slot in blocked}
        for slot in sorted(blocked, key=lambda slot: (self._bytes(bundles[slot]), slot)):
            if freed == at_most:
                break
            bundle = self._bundle(slot)
            if bundle is None:
                continue
            memory = self._memory.copy()
            for engine in sorted(bundle):
                if not memory.has_room_for(engine):
                    break
                memory.add(engine)
            else:
                self._memory = memory
                self.chosen |= bundle
                freed += 1

    def _bytes(self, bundle: Collection[int] | None) -> int:
        return sum(int(self._engines[engine].weights.sum()) for engine in bundle or ())

    def _bundle(self, slot: int) -> set[int] | None:
        """Return what has to be loaded so that a group is freed; None: that cannot be."""
        freed, bundle = {slot}, set[int]()
        while True:
            leaving = frozenset().union(*(self._moves.fleet.old_in_the_way[s] for s in freed))
            remaining = self._held - leaving
            size = len(bundle), len(freed)
            for model in sorted({self._engines[e].model for e in self._held & leaving}):
                used = sum(engine in remaining for engine in self._moves.old_of[model])
                used += self._new_in_use(model, remaining, bundle)
                lacking = self._moves.needed[model] - used
                options = [
                    engine
                    for engine in self._moves.new_of[model]
                    if engine not in bundle and self._can_load(engine, None)
                ]
                options.sort(key=lambda e: self._distance(e, freed, remaining))
                if len(options) < lacking:
                    return None
                for engine in options[: max(0, lacking)]:
                    bundle.add(engine)
                    if not self._moves.is_free(self._engines[engine].slot, remaining):
                        freed.add(self._engines[engine].slot)
            if (len(bundle), len(freed)) == size:
                return bundle

    def _distance(self, engine: int, freed: Collection[int], held: Collection[int]) -> int:
        slot = self._engines[engine].slot
        return 0 if slot in freed else 1 if self._moves.is_free(slot, held) else 2

    def _new_in_use(self, model: str, held: Collection[int], bundle: Collection[int]) -> int:
        """Return how many new replicas are used if others are held, and a bundle is loaded too."""
        return sum(
            engine in bundle
            or (
                (engine in self._loaded or engine in self.chosen)
                and self._moves.is_free(self._engines[engine].slot, held)
            )
            for engine in self._moves.new_of[model]
        )

    def _can_load(self, engine: int, memory: DeviceMemory | None) -> bool:
        if engine in self._loaded or engine in self.chosen:
            return False
        if self._engines[engine].name in self._names:
            return False
        return memory is None or memory.has_room_for(engine)
