"""The time that a trace was watched for, its windows, and how finely its times were recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import Issue, SpecError
from alpaplan.workload.fitting.observation import SHORT_GAP
from alpaplan.workload.ticks import MAX_TIES, tick_of
from alpaplan.workload.trace import Trace

MAX_WINDOWS = 100_000
"""Most windows that a trace is divided into."""

MIN_SPAN_S = 1e-3
MAX_SPAN_S = 1e10
"""Limits of a trace's length, which keep fitted rates and durations within a document's limits."""


@dataclass(frozen=True)
class Span:
    """The time that a trace was watched for, and its windows.

    Parameters
    ----------
    start_s
        Half a mean gap of the whole trace before its first request. It ends as long after the
        last one: a trace of n requests shows n - 1 gaps. Where ticks are coarse, from the first
        tick to the end of the last one.
    edges_s : float64[num_windows + 1]
        Where windows begin and end, from `start_s` on.
    tick_s
        Resolution of the times. Where it is too long for a model's gaps, requests that share a
        tick are spread over it at random.
    """

    start_s: float
    edges_s: NDArray[np.float64]
    tick_s: float

    @property
    def duration_s(self) -> float:
        """Length of all windows together."""
        return float(self.edges_s[-1])


def watched_span(trace: Trace, window_s: float | None, *, as_recorded: bool = False) -> Span:
    """Divide the time of a trace into windows of a length; the last one takes what remains.

    Parameters
    ----------
    trace
        Recorded requests.
    window_s
        Length of the windows; None for a single one.
    as_recorded
        Whether no tick counts as too long.

    Raises
    ------
    SpecError
        If all requests come at one instant, or within a time that no rate can be told from, or if
        there are more than `MAX_WINDOWS`.
    """
    steps_s = np.diff(trace.arrival_s)
    recorded_s = float(trace.arrival_s[-1] - trace.arrival_s[0])
    if recorded_s <= 0:
        raise SpecError("trace", [Issue((), "must span some time, found a single instant")])
    if not MIN_SPAN_S <= recorded_s <= MAX_SPAN_S:
        limits = f"from {MIN_SPAN_S:g} to {MAX_SPAN_S:g} s"
        raise SpecError("trace", [Issue((), f"must span {limits}, found {recorded_s:g} s")])
    tick_s = 0.0 if as_recorded else tick_of(trace.arrival_s)
    half_gap_s = recorded_s / steps_s.size / 2
    before_s, after_s = half_gap_s, half_gap_s
    if is_coarse(trace.arrival_s, tick_s, recorded_s):
        before_s, after_s = 0.0, tick_s
    duration_s = before_s + recorded_s + after_s
    # A rest of less than half a window is added to the last one.
    num_windows = 1 if window_s is None else max(1, math.floor(duration_s / window_s + 0.5))
    if num_windows > MAX_WINDOWS:
        what = f"must be at most {MAX_WINDOWS:,} windows, found {num_windows:,}"
        raise SpecError("trace", [Issue((), what)])
    edges_s = np.arange(num_windows + 1, dtype=np.float64) * (window_s or duration_s)
    edges_s[-1] = duration_s
    return Span(float(trace.arrival_s[0]) - before_s, edges_s, tick_s)


def is_coarse(times_s: NDArray[np.float64], tick_s: float, length_s: float) -> bool:
    """Whether many requests share a tick, and a tick is longer than a short gap on either side."""
    if tick_s * times_s.size <= 2 * SHORT_GAP * length_s:
        return False
    return bool(np.mean(np.diff(times_s) == 0) > MAX_TIES) if times_s.size > 1 else False
