"""A trace by windows of time that begin with an arrival."""

from __future__ import annotations

from itertools import pairwise

from alpaplan.workload.trace import Trace


def windows_of_arrivals(trace: Trace, window_s: float) -> tuple[slice, ...]:
    """Cut a trace in time order as AlpaServe does for Clockwork++ (design/CLOCKWORK.md).

    The first window starts at the first arrival. An arrival later than its window's start and
    length starts the next one, at its own time; time without arrivals belongs to the window before.

    Parameters
    ----------
    trace
        The arrivals.
    window_s
        Length of a window.

    Returns
    -------
    tuple of slice
        The requests of each window.
    """
    times_s = trace.arrival_s
    bounds = [0]
    while bounds[-1] < times_s.size:
        last_s = times_s[bounds[-1]] + window_s
        bounds.append(int(times_s.searchsorted(last_s, side="right")))
    return tuple(slice(first, end) for first, end in pairwise(bounds))
