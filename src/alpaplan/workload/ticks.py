"""Times that a log recorded in ticks longer than the gaps between its requests.

A log of whole seconds shows twenty requests of one second as twenty at one instant, which is a
burst that nobody saw. Such times are found here, and spread over their ticks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.units import format_seconds
from alpaplan.workload.statistics import gaps
from alpaplan.workload.trace import Trace

MAX_TIES = 0.05
"""Part of the gaps that may be 0 before times count as coarse (a fraction; 0.01 to 0.2)."""

MIN_REQUESTS = 20
"""Fewest requests that ticks are told from (a count; 10 to 100): a few round times are no clock."""

NOTABLE_TICK_S = 0.1
"""Ticks from which on coarse times are no doubt the clock's (seconds; 0.05 to 1). Requests of one
instant on a finer grid may be a real burst, unless the ticks are longer than the mean gap."""

_MILLISECONDS = 1000
"""Of a second: no tick that matters is finer, and clocks write decimals. Traces that are computed
on a grid of binary fractions, where requests are to meet, have no such ticks."""

_CLOCK_TICKS_MS = frozenset(
    [step * 10**power for power in range(5) for step in (1, 2, 5)]
    + [1000 * tick_s for tick_s in (15, 30, 60, 120, 300, 600, 900, 1800, 3600)]
)
"""Resolutions that clocks and logs have (milliseconds)."""

_STEPS = 1_000_000
"""Places in a tick that a request may be spread to: microseconds of a second."""

_PART_REQUESTS = 1 << 16
"""Requests that are looked at in one go (a count; 4,096 to 1,048,576): they fit into caches."""

_NOT_WHOLE = -1


@dataclass(frozen=True)
class Ticks:
    """How coarsely the times of each model were recorded.

    Parameters
    ----------
    tick_s : float64[num_models]
        Length of the ticks; 0 where times are as fine as they need to be.
    num_requests
        How many requests were recorded in ticks.
    """

    tick_s: NDArray[np.float64]
    num_requests: int

    def describe(self, *, as_recorded: bool) -> str:
        """Describe what was found, and what is done about it.

        Parameters
        ----------
        as_recorded
            Whether the user wants the times as they are.
        """
        lengths = " and ".join(map(format_seconds, self.lengths_s))
        done = "kept as recorded" if as_recorded else "spread over it at random"
        how = "" if as_recorded else "; --as-recorded keeps the times"
        return (
            f"times are in ticks of {lengths}, too long for the gaps between requests: those that "
            f"share a tick are {done}{how}"
        )

    @property
    def lengths_s(self) -> tuple[float, ...]:
        """The different lengths, shortest first."""
        return tuple(np.unique(self.tick_s[self.tick_s > 0]).tolist())


class TickFinder:
    """Finds ticks in times that come part by part.

    The first pass takes all times in any order. If it leaves a doubt, the second one needs them
    in time order, to count those that are equal.
    """

    def __init__(self, num_models: int) -> None:
        self._count = np.zeros(num_models, dtype=np.int64)
        self._origin_s = np.full(num_models, np.nan)
        self._step_ms = np.zeros(num_models, dtype=np.int64)  # 0: one time so far
        self._edges_s = (np.inf, -np.inf)

    def add(self, time_s: NDArray[np.float64], model: NDArray[np.integer]) -> None:
        """Take times and their models, in any order."""
        if not time_s.size:
            return
        self._count += np.bincount(model, minlength=self._count.size)
        self._edges_s = (
            min(self._edges_s[0], float(time_s.min())),
            max(self._edges_s[1], float(time_s.max())),
        )
        is_new = np.isnan(self._origin_s[model])
        if is_new.any():
            self._origin_s[model[is_new]] = time_s[is_new]
        undecided = self._step_ms[model] != _NOT_WHOLE
        if not undecided.any():
            return
        times, of = time_s[undecided], model[undecided]
        whole, is_whole = _whole_milliseconds(times - self._origin_s[of], np.abs(times).max())
        step = self._step_ms[of]
        news = is_whole & ((step == 0) | (whole % np.maximum(step, 1) != 0))
        np.gcd.at(self._step_ms, of[news], whole[news])
        self._step_ms[of[~is_whole]] = _NOT_WHOLE

    def ticks(self, in_order: Iterable[tuple[NDArray[np.float64], NDArray[np.integer]]]) -> Ticks:
        """Return the ticks, after a look at all times in their order if there may be any.

        Parameters
        ----------
        in_order
            All times and their models, in time order; taken only if it is needed.
        """
        tick_s = np.array([_tick_s(step) for step in self._step_ms.tolist()])
        of_all_s = _tick_s(self._step_of_all_ms())
        length_s = max(self._edges_s[1] - self._edges_s[0], 0.0)
        num_all = int(self._count.sum())
        candidate = _is_dense(tick_s, self._count, length_s)
        all_may = bool(_is_dense(np.array([of_all_s]), np.array([num_all]), length_s)[0])
        found_s = np.zeros(self._count.size)
        if all_may or candidate.any():
            ties, ties_of_all = _count_ties(in_order, self._count.size)
            if all_may and ties_of_all > MAX_TIES * num_all:
                # Models that each send in step with a clock meet, but not themselves.
                expected = _expected_ties(self._count, length_s / of_all_s + 1)
                if ties.sum() >= expected / 4:
                    found_s[:] = of_all_s
            coarse = candidate & (ties > MAX_TIES * self._count) & (found_s == 0)
            found_s[coarse] = tick_s[coarse]
        return Ticks(found_s, int(self._count[found_s > 0].sum()))

    def _step_of_all_ms(self) -> int:
        """Return the step of all times together: that of each model's, and of where they begin."""
        seen = self._count > 0
        steps, origins_s = self._step_ms[seen], self._origin_s[seen]
        if not steps.size or (steps == _NOT_WHOLE).any():
            return _NOT_WHOLE
        whole, is_whole = _whole_milliseconds(origins_s - origins_s[0], np.abs(origins_s).max())
        if not is_whole.all():
            return _NOT_WHOLE
        return int(np.gcd.reduce(np.concatenate([steps, whole])))


def find_ticks(trace: Trace) -> Ticks:
    """Find the ticks of a trace's times."""
    finder = TickFinder(len(trace.model_names))
    for time_s, model in _parts(trace):
        finder.add(time_s, model)
    return finder.ticks(_parts(trace))


def _parts(trace: Trace) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int32]]]:
    """Yield a trace part by part: after the first ones little is left to look at of most."""
    for first in range(0, trace.num_requests, _PART_REQUESTS):
        part = slice(first, first + _PART_REQUESTS)
        yield trace.arrival_s[part], trace.model[part]


def tick_of(arrival_s: NDArray[np.float64]) -> float:
    """Return the tick of a clock that all times are multiples of, apart from a common start.

    Returns
    -------
    float
        0 if there is none.
    """
    finder = TickFinder(1)
    finder.add(arrival_s, np.zeros(arrival_s.size, dtype=np.int32))
    return _tick_s(finder._step_of_all_ms())


def spread_times(
    time_s: NDArray[np.float64], tick_s: NDArray[np.float64] | float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Move each time to a random place in the tick that it begins; not in order any more.

    Requests of one tick are then independent and uniform in it, as those of a Poisson process are
    given their number (Cox and Lewis, The Statistical Analysis of Series of Events, 1966, section
    2.1); their number in each tick is kept.
    """
    return time_s + tick_s * (rng.integers(0, _STEPS, time_s.size) / _STEPS)


def spread_ticks(trace: Trace, ticks: Ticks) -> Trace:
    """Spread a recorded trace's requests over their ticks; the same trace gives the same times.

    The requests of a model keep their order.
    """
    if not ticks.num_requests:
        return trace
    rng = np.random.default_rng(0)
    coarse = ticks.tick_s[trace.model]
    moved = coarse > 0
    time_s = trace.arrival_s.copy()
    time_s[moved] = spread_times(time_s[moved], coarse[moved], rng)
    time_s[np.argsort(trace.model, kind="stable")] = time_s[np.lexsort((time_s, trace.model))]
    spread = replace(trace, arrival_s=time_s).take(np.argsort(time_s, kind="stable"))
    return replace(spread, duration_s=float(spread.arrival_s[-1] - spread.arrival_s[0]))


def _tick_s(step_ms: int) -> float:
    return step_ms / _MILLISECONDS if step_ms in _CLOCK_TICKS_MS else 0.0


def _whole_milliseconds(
    time_s: NDArray[np.float64], largest_s: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return times in milliseconds, and whether they are whole.

    Parameters
    ----------
    time_s
        Differences of times.
    largest_s
        The largest of these times, which says how exact they are.
    """
    scaled = time_s * _MILLISECONDS
    rounded = np.rint(scaled)
    tolerance = 1e-3 + 4 * _MILLISECONDS * float(np.spacing(largest_s))
    return rounded.astype(np.int64), np.abs(scaled - rounded) <= tolerance


def _is_dense(
    tick_s: NDArray[np.float64], count: NDArray[np.int64], length_s: float
) -> NDArray[np.bool_]:
    """Whether there are requests enough for ticks that are notable or longer than the mean gap."""
    notable = (tick_s >= NOTABLE_TICK_S) | (tick_s * count > length_s)
    return (tick_s > 0) & (count >= MIN_REQUESTS) & notable


def _expected_ties(count: NDArray[np.int64], num_ticks: float) -> float:
    """Return how many requests at random times would find another one of their model in a tick."""
    return float((count + num_ticks * np.expm1(-count / num_ticks)).sum())


def _count_ties(
    in_order: Iterable[tuple[NDArray[np.float64], NDArray[np.integer]]], num_models: int
) -> tuple[NDArray[np.int64], int]:
    """Return how many requests of each model, and of all, have the time of the one before them."""
    ties = np.zeros(num_models, dtype=np.int64)
    ties_of_all, last_of_all_s = 0, np.nan
    last_s = np.full(num_models, np.nan)
    for time_s, model in in_order:
        if not time_s.size:
            continue
        ties_of_all += int(np.count_nonzero(np.diff(time_s, prepend=last_of_all_s) == 0))
        last_of_all_s = float(time_s[-1])
        gap_s, of = gaps(time_s, model)
        ties += np.bincount(of[gap_s == 0], minlength=num_models)
        present, first = np.unique(model, return_index=True)
        ties[present[time_s[first] == last_s[present]]] += 1
        final = time_s.size - 1 - np.unique(model[::-1], return_index=True)[1]
        last_s[present] = time_s[final]
    return ties, ties_of_all
