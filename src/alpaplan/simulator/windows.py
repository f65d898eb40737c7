"""Statistics of a simulation by windows of time: when it went well, and when not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.simulator.evaluation import Replay, ratio
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.units import finite_or_none, format_seconds
from alpaplan.workload.trace import Trace

MAX_WINDOWS = 10_000
"""Most windows (a count), so that a wrong unit does not print a book."""

_ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Relative difference that counts as equal: in binary, 0.3 s is not quite the third multiple of
0.1 s. A time, a length and their product are each off by at most half of `numpy.finfo.eps`."""


@dataclass(frozen=True)
class WindowStatistics:
    """The requests that arrived in one window, whenever they finished.

    `slo_attainment` is NaN if there were none. `goodput_rps` is attained requests per second of
    the window, NaN if that is no time.
    """

    start_s: float
    end_s: float
    requests: int
    attained: int
    slo_attainment: float
    goodput_rps: float
    latency: LatencyStatistics

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "requests": self.requests,
            "attained": self.attained,
            "slo_attainment": finite_or_none(self.slo_attainment),
            "goodput_rps": finite_or_none(self.goodput_rps),
            "latency_s": self.latency.to_json_dict(),
        }


def window_statistics(
    trace: Trace, replay: Replay, window_s: float
) -> tuple[WindowStatistics, ...]:
    """Sum up one simulation by the windows in which requests arrived.

    Windows begin at multiples of their length, from the start of the observation: time 0, or for
    a recording that begins later its first arrival. The last one ends with the observation.

    Parameters
    ----------
    trace, replay
        What was simulated, and what came out.
    window_s
        Length of the windows, above 0.

    Raises
    ------
    AlpaplanError
        If there are more than `MAX_WINDOWS`.
    """
    times_s = trace.arrival_s
    last_s = float(times_s[-1]) if times_s.size else 0.0
    # A sample is observed from 0 to its duration; a recording between its arrivals.
    from_zero = trace.duration_s >= last_s
    end_s = trace.duration_s if from_zero else last_s
    first = 0 if from_zero else math.floor(float(times_s[0]) / window_s * (1 + _ROUNDING))
    num_windows = max(1, math.ceil(end_s / window_s * (1 - _ROUNDING)) - first)
    if num_windows > MAX_WINDOWS:
        raise AlpaplanError(
            f"must be at most {MAX_WINDOWS:,} windows, found {num_windows:,} of "
            f"{format_seconds(window_s)}"
        )
    edges_s = np.append((first + np.arange(num_windows)) * window_s, end_s)
    # All arrivals are in some window: rounding moves no first one out, and the very last one
    # belongs to the last window.
    inner_s = edges_s[1:-1] * (1 - _ROUNDING)
    bounds = [0, *np.searchsorted(times_s, inner_s).tolist(), times_s.size]
    found = []
    for index, (start, end) in enumerate(pairwise(bounds)):
        latency_s = replay.latency_s[start:end]
        done = ~np.isnan(latency_s)
        requests, attained = end - start, int(done.sum())
        start_s, stop_s = float(edges_s[index]), float(edges_s[index + 1])
        found.append(
            WindowStatistics(
                start_s=start_s,
                end_s=stop_s,
                requests=requests,
                attained=attained,
                slo_attainment=ratio(attained, requests),
                goodput_rps=ratio(attained, stop_s - start_s),
                latency=LatencyStatistics.of(latency_s[done]),
            )
        )
    return tuple(found)
