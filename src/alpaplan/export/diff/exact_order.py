"""An order of steps by integer programming, where moving as many as there is room for gets stuck.

Rounds are those of `alpaplan.export.diff.order`. One more round than models that move is never
needed: each moves at least one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.export.diff.order import Moves, Order, Round
from alpaplan.search.integer_program import IntegerProgram

NUMBERS_OF_ROUNDS = (1, 2, 4, 8, 16)
"""How many rounds are tried, one after the other (counts): few are found fast, and are better."""

EFFORT = 10.0
"""Work for each of them (CP-SAT's deterministic seconds; 1 to 60). Roll-outs of a few hundred
models take under 1 where there is an order, and as many to show that there is none."""


ROUNDS_WITH_OUTAGES = 4
"""Rounds where models may go down (a count; 2 to 8): what is down is in nobody's way, so that few
rounds are enough."""


def exact_order(moves: Moves, at_most: int | None = None) -> Order | None:
    """Return an order with few rounds, or None if none was found.

    Parameters
    ----------
    moves
        What has to move.
    at_most
        Most rounds; None for as many as may be of use.
    """
    useful = sum(moves.needed.values())
    for number in NUMBERS_OF_ROUNDS:
        if at_most is not None and number > at_most:
            return None
        found = _Program(moves, min(number, useful)).solve()
        if found is not None:
            return found
        if number >= useful:
            return None
    return None


def fewest_outages(moves: Moves, may_go_down: Collection[str]) -> frozenset[str] | None:
    """Return as few models as possible without which there is an order; None: not found.

    Parameters
    ----------
    moves
        What has to move.
    may_go_down
        The models to choose from.
    """
    num_rounds = min(ROUNDS_WITH_OUTAGES, sum(moves.needed.values()))
    return _Program(moves, num_rounds, may_go_down).outages()


class _Program:
    """Which replicas run and are used in each round, as booleans.

    Parameters
    ----------
    moves
        What has to move.
    num_rounds
        How many rounds there are.
    may_go_down
        Models that may be without a replica.
    """

    def __init__(self, moves: Moves, num_rounds: int, may_go_down: Collection[str] = ()) -> None:
        self._moves, self._num_rounds = moves, num_rounds
        self._program = IntegerProgram()
        down = sorted(moves.needed.keys() & may_go_down)
        self._down = dict(zip(down, self._program.add_booleans(len(down)).tolist(), strict=True))
        self._old = [engine for engines in moves.old_of.values() for engine in engines]
        self._new = [engine for engines in moves.new_of.values() for engine in engines]
        # While round t is loaded: column t of what is held, of what is loaded after it.
        self._held = self._booleans(self._old, num_rounds)
        self._loaded = self._booleans(self._new, num_rounds)
        self._used = self._booleans(self._new, num_rounds)
        self._in_time()
        self._in_use()
        self._served()
        self._named_once()
        for t in range(num_rounds):
            self._in_memory(t)

    def solve(self) -> Order | None:
        """Return an order, or None if none was found."""
        values = self._program.solve(EFFORT)
        if values is None:
            return None
        held = [
            frozenset(e for e in self._old if values[self._held[e][t]])
            for t in range(self._num_rounds)
        ]
        first = {
            engine: next(
                (t for t in range(self._num_rounds) if values[self._loaded[engine][t]]), None
            )
            for engine in self._new
        }
        after = [*held[1:], frozenset[int]()]
        return Order(held[0], tuple(_rounds(self._moves, first, held[0], after)))

    def outages(self) -> frozenset[str] | None:
        """Return the models that go down, as few as were found; None if there was no solution."""
        self._program.maximize(list(self._down.values()), -1)
        values = self._program.solve(EFFORT)
        if values is None:
            return None
        return frozenset(model for model, index in self._down.items() if values[index])

    def _booleans(self, engines: Sequence[int], count: int) -> dict[int, NDArray[np.int64]]:
        return {engine: self._program.add_booleans(count) for engine in engines}

    def _in_time(self) -> None:
        """Let what stopped stay so, and what was loaded too."""
        for t in range(1, self._num_rounds):
            for held in self._held.values():
                self._program.constrain([held[t], held[t - 1]], [1, -1], 0)
            for loaded in self._loaded.values():
                self._program.constrain([loaded[t - 1], loaded[t]], [1, -1], 0)

    def _in_use(self) -> None:
        """Let only that be used which is loaded, with nothing held on its devices afterwards."""
        fleet = self._moves.fleet
        for engine, used in self._used.items():
            in_the_way = fleet.old_in_the_way[fleet.engines[engine].slot] & self._held.keys()
            for t in range(self._num_rounds):
                self._program.constrain([used[t], self._loaded[engine][t]], [1, -1], 0)
                if t + 1 < self._num_rounds:
                    for other in in_the_way:
                        self._program.constrain([used[t], self._held[other][t + 1]], [1, 1], 1)

    def _served(self) -> None:
        """Give every model the replicas that it needs, before the first round and after each."""
        for model, number in self._moves.needed.items():
            for t in range(self._num_rounds + 1):
                indices: list[int] = []
                if t < self._num_rounds:
                    indices += [int(self._held[engine][t]) for engine in self._moves.old_of[model]]
                if t > 0:
                    indices += [
                        int(self._used[engine][t - 1]) for engine in self._moves.new_of[model]
                    ]
                weights = [-1] * len(indices)
                if model in self._down:
                    indices.append(self._down[model])
                    weights.append(-number)
                self._program.constrain(indices, weights, -number)

    def _named_once(self) -> None:
        engines = self._moves.fleet.engines
        held = {engines[engine].name: engine for engine in self._old}
        for engine, loaded in self._loaded.items():
            other = held.get(engines[engine].name)
            if other is not None:
                for t in range(self._num_rounds):
                    self._program.constrain([loaded[t], self._held[other][t]], [1, 1], 1)

    def _in_memory(self, t: int) -> None:
        """Let no device hold more than it can while a round is loaded."""
        fleet = self._moves.fleet
        base = fleet.memory(fleet.staying)
        on_device: dict[int, list[tuple[int, int, int]]] = {}
        for engine, variables in (*self._held.items(), *self._loaded.items()):
            there = fleet.engines[engine]
            columns = (there.devices.tolist(), there.kept.tolist(), there.in_turn.tolist())
            for device, kept, in_turn in zip(*columns, strict=True):
                on_device.setdefault(device, []).append((int(variables[t]), kept, in_turn))
        for device, held in on_device.items():
            room = int(fleet.usable_bytes[device]) - base.kept_on(device)
            indices, kept = [index for index, _, _ in held], [each for _, each, _ in held]
            least = base.in_turn_on(device)
            largest = max(least, *(in_turn for _, _, in_turn in held))
            if sum(kept) + largest <= room:
                continue
            if largest > least:
                in_turn = self._program.add_integer(least, largest)
                for index, _, each in held:
                    if each > least:
                        self._program.constrain([index, in_turn], [each, -1], 0)
                self._program.constrain([*indices, in_turn], [*kept, 1], room)
            else:
                self._program.constrain(indices, kept, room - least)


def _rounds(
    moves: Moves,
    first: dict[int, int | None],
    held: frozenset[int],
    after: Sequence[frozenset[int]],
) -> Iterator[Round]:
    """Yield rounds in which all is loaded that is needed, when it is needed, and nothing else.

    Parameters
    ----------
    moves
        What has to move.
    first
        New replica -> round in which it may be loaded; None: not at all.
    held
        Old replicas held at first.
    after
        And after each round.
    """
    engines, last = moves.fleet.engines, len(after) - 1
    latest = {engine: t for engine, t in first.items() if t is not None}
    used = [
        Counter(
            engines[engine].model
            for engine, t in latest.items()
            if t <= now and moves.is_free(engines[engine].slot, held_then)
        )
        for now, held_then in enumerate(after)
    ]
    for t, held_then in enumerate(after):
        used[t].update(engines[engine].model for engine in held_then)
    for engine in sorted(latest):
        model, slot = engines[engine].model, engines[engine].slot
        while True:
            t = latest[engine]
            counts = moves.is_free(slot, after[t])
            if counts and used[t][model] <= moves.needed[model]:
                break
            if counts:
                used[t][model] -= 1
            if t == last:
                del latest[engine]
                break
            latest[engine] = t + 1
    for t, held_then in enumerate(after):
        loads = tuple(sorted(engine for engine, now in latest.items() if now == t))
        if loads or held_then != held:
            yield Round(loads, held_then)
        held = held_then
