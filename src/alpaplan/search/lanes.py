"""Lanes of a race: idle threads simulate some of its changes, and what is found stays the same.

Every change is drawn for the placement as it is, so that one can be simulated before it is known
how the one before it does. Once a change holds out, all that come behind it are forgotten, even if
they are simulated already: they would have been drawn for another placement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.search.idle_threads import IdleThreads
from alpaplan.search.kernels.race import find_change
from alpaplan.search.kernels.race_arrays import (
    IDLE,
    MOST_CHANGES,
    NONE_YET,
    PROPOSED,
    Limits,
    Race,
)
from alpaplan.search.race_packing import beside
from alpaplan.simulator.kernels.compiling import compiled

MOST_LANES = 8
"""Most lanes of a race (a count; 2 to 32): what lies behind a change that holds out is simulated in
vain, and that is more, the more lanes there are."""


@dataclass(frozen=True)
class Stretch:
    """Changes that were raced one after another, the last of which may have held out.

    Parameters
    ----------
    kind : int64[n]
        Their kinds.
    work
        Requests that they were simulated on.
    winner
        The lane that has the change that held out; None if none did.
    """

    kind: NDArray[np.int64]
    work: int
    winner: Race | None


class Lanes:
    """A race, and more like it for as many threads as are idle.

    Parameters
    ----------
    race
        The first lane. All others read its options, arrivals, placement, needs, random numbers, and
        course, and write to arrays of their own.
    idle
        Threads to use.
    """

    def __init__(self, race: Race, idle: IdleThreads) -> None:
        self._lanes = {0: race}
        self._idle = idle
        self._run = compiled(find_change)

    def simulate(self) -> None:
        """Simulate the placement as it is, in the first lane."""
        self._run(self._lanes[0], Limits(0.0, 0, 0, 0, changes_nothing=True, lane=0, num_lanes=1))

    def find(self, temperature: float, most: int, max_work: int, max_idle: int) -> Stretch:
        """Propose changes until one holds out or a limit is reached.

        Parameters
        ----------
        temperature, most, max_work, max_idle
            See `alpaplan.search.kernels.race_arrays.Limits`.
        """
        first = self._lanes[0]
        first.held_out[:] = NONE_YET
        used, num_idle = int(first.draws.used[0]), int(first.tally.counts[IDLE])

        def run(lane: int, num_lanes: int) -> None:
            race = self._lanes.get(lane) or self._lanes.setdefault(lane, beside(first))
            race.draws.used[0], race.tally.counts[IDLE] = used, num_idle
            limits = Limits(
                temperature,
                min(most, MOST_CHANGES),
                max_work,
                max_idle,
                changes_nothing=False,
                lane=lane,
                num_lanes=num_lanes,
            )
            self._run(race, limits)

        num_lanes = self._idle.share(MOST_LANES, run)
        return self._stretch([self._lanes[lane] for lane in range(num_lanes)], max_work)

    def _stretch(self, lanes: list[Race], max_work: int) -> Stretch:
        """Forget what lies behind the end, as if one lane had done it all.

        Every change up to there was simulated: a lane stops at a change only if one before that
        held out, or if its own work alone is more than the limit.
        """
        first, num_lanes = lanes[0], len(lanes)
        count = max(int(lane.tally.counts[PROPOSED]) for lane in lanes)
        work = np.zeros(count, dtype=np.int64)
        for number, lane in enumerate(lanes):
            work[number::num_lanes] = lane.tally.work[number:count:num_lanes]
        winner = min(range(num_lanes), key=lambda lane: first.held_out[lane])
        held_out = int(first.held_out[winner])
        end = min(held_out, int(np.searchsorted(np.cumsum(work), max_work)))
        if end < count:
            there = lanes[end % num_lanes].tally
            count = end + 1
            first.draws.used[0], first.tally.counts[IDLE] = there.used[end], 0
        else:
            there = first.tally
        return Stretch(
            kind=there.kind[:count].copy(),
            work=int(work[:count].sum()),
            winner=lanes[winner] if held_out == end else None,
        )
