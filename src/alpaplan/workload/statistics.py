"""How many requests arrive and how bursty they are: gaps, counts in windows, their dispersion.

All functions are vectorized over requests and take the arrivals of many models at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.workload.trace import Trace

DISPERSION_WINDOWS_S = (1.0, 10.0, 100.0)
"""Windows whose counts are compared (seconds; 0.1 to 1,000): burstiness at the time scale of
one request, of a burst, and of a change in load."""

PEAK_WINDOW_S = 10.0
"""Window of the peak rate (seconds; 1 to 100): long enough for a
queue to build up, short enough that nobody adds a replica meanwhile."""

MIN_DURATION_S = 1e-9
"""Shortest observation that has a rate (seconds): no clock of requests is finer, and the rates of
what is shorter may be no numbers."""

MIN_WINDOWS = 10
"""Fewest windows that a variance is worth computing of (a count; 5 to 100): with ten, the index of
dispersion of a Poisson process still scatters by about half its value."""


@dataclass(frozen=True)
class ArrivalStatistics:
    """What the arrivals of one model, or of all together, look like.

    Parameters
    ----------
    name
        Model; None for all together.
    requests
        Number of arrivals.
    rate_rps
        Arrivals per second of observation; NaN where that is below `MIN_DURATION_S`.
    cv
        Standard deviation over mean of the gaps; NaN with fewer than two gaps, or if all are 0.
    dispersion
        Index of dispersion of counts for each of `DISPERSION_WINDOWS_S`, see
        `dispersion_of_counts`; NaN where there are fewer than `MIN_WINDOWS` windows.
    peak_over_mean
        Requests of the fullest window of `PEAK_WINDOW_S` over the mean of such windows; NaN
        where there are fewer than `MIN_WINDOWS`.
    """

    name: str | None
    requests: int
    rate_rps: float
    cv: float
    dispersion: tuple[float, ...]
    peak_over_mean: float


@dataclass(frozen=True)
class TraceStatistics:
    """What the arrivals of a trace look like.

    Parameters
    ----------
    duration_s
        Length of the observed time.
    overall
        All arrivals together.
    models
        Each model, in the order of the trace's `model_names`.
    """

    duration_s: float
    overall: ArrivalStatistics
    models: tuple[ArrivalStatistics, ...]


def trace_statistics(trace: Trace) -> TraceStatistics:
    """Compute the statistics of all arrivals together and of each model."""
    return TraceStatistics(
        trace.duration_s,
        _statistics(trace, np.zeros_like(trace.model), (None,))[0],
        _statistics(trace, trace.model, trace.model_names),
    )


def observed_from_s(trace: Trace) -> float:
    """Return when the observation of a trace began: `duration_s` before its last arrival, or 0.

    A recorded trace is observed from its first arrival to its last one, a sampled one from 0.
    """
    last_s = float(trace.arrival_s[-1]) if trace.num_requests else 0.0
    return max(last_s - trace.duration_s, 0.0)


def gaps(
    arrival_s: NDArray[np.float64], group: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    """Return the gaps between successive arrivals of the same group, such as of one model.

    Parameters
    ----------
    arrival_s : float64[num_requests]
        Non-decreasing.
    group : int[num_requests]
        Group of each arrival, from 0 on.

    Returns
    -------
    gap_s : float64[num_gaps]
        Group by group, in time order within each.
    gap_group : int[num_gaps]
        Group of each gap; a group with n arrivals has n - 1.
    """
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    same = sorted_group[1:] == sorted_group[:-1]
    return np.diff(arrival_s[order])[same], sorted_group[1:][same]


def gap_cv(
    arrival_s: NDArray[np.float64], group: NDArray[np.integer], num_groups: int
) -> NDArray[np.float64]:
    """Return the coefficient of variation of each group's gaps, with the population's deviation.

    Returns
    -------
    float64[num_groups]
        NaN for a group with fewer than two gaps, or whose gaps are all 0.
    """
    gap_s, gap_group = gaps(arrival_s, group)
    num_gaps = np.bincount(gap_group, minlength=num_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_s = np.bincount(gap_group, gap_s, num_groups) / num_gaps
        # In two passes, since E[x^2] - E[x]^2 would cancel for nearly equal gaps.
        square = np.bincount(gap_group, (gap_s - mean_s[gap_group]) ** 2, num_groups)
        cv: NDArray[np.float64] = np.sqrt(square / num_gaps) / mean_s
    cv[(num_gaps < 2) | ~(mean_s > 0)] = np.nan
    return cv


def dispersion_of_counts(
    trace: Trace, group: NDArray[np.int32], num_groups: int, windows_s: Sequence[float]
) -> NDArray[np.float64]:
    """Return each group's index of dispersion of counts for windows of several lengths.

    That is variance over mean of the counts in windows: 1 for a Poisson process, more for bursts.
    Cox and Lewis, The Statistical Analysis of Series of Events, 1966, section 4.5. The variance
    is that of a sample (with n - 1). Only windows that fit whole into the observed time count.

    Parameters
    ----------
    trace
        Whose arrivals to count.
    group : int32[num_requests]
        Group of each arrival, such as its model.
    num_groups
        Number of groups.
    windows_s
        Lengths of windows, above 0.

    Returns
    -------
    float64[num_windows, num_groups]
        NaN where the observed time has fewer than `MIN_WINDOWS` windows, and for groups without
        arrivals in them.

    Raises
    ------
    ValueError
        If a length is not above 0.
    """
    found = np.full((len(windows_s), num_groups), np.nan)
    for row, window_s in enumerate(windows_s):
        window, of, num_windows = _windows(trace, group, window_s)
        if num_windows >= MIN_WINDOWS:
            total, square, _ = _count_moments(window, of, num_windows, num_groups)
            found[row] = _dispersion(total, square, num_windows)
    return found


def rates_over_time(trace: Trace, num_parts: int) -> NDArray[np.float64]:
    """Return each model's rate in equal parts of the observed time, in requests per second.

    Returns
    -------
    float64[num_models, num_parts]
        An arrival at the very end belongs to the last part. NaN below `MIN_DURATION_S`.
    """
    num_models = len(trace.model_names)
    if trace.duration_s < MIN_DURATION_S:
        return np.full((num_models, num_parts), np.nan)
    part_s = trace.duration_s / num_parts
    part = np.floor((trace.arrival_s - observed_from_s(trace)) / part_s).astype(np.int64)
    cell = trace.model.astype(np.int64) * num_parts + np.clip(part, 0, num_parts - 1)
    counts = np.bincount(cell, minlength=num_models * num_parts)
    return counts.reshape(num_models, num_parts) / part_s


def _statistics(
    trace: Trace, group: NDArray[np.int32], names: tuple[str | None, ...]
) -> tuple[ArrivalStatistics, ...]:
    requests = np.bincount(group, minlength=len(names))
    duration_s = trace.duration_s
    has_rate = duration_s >= MIN_DURATION_S
    rate_rps = requests / duration_s if has_rate else np.full(len(names), np.nan)
    cv = gap_cv(trace.arrival_s, group, len(names))
    dispersion = dispersion_of_counts(trace, group, len(names), DISPERSION_WINDOWS_S)
    peak = np.full(len(names), np.nan)
    window, of, num_windows = _windows(trace, group, PEAK_WINDOW_S)
    if num_windows >= MIN_WINDOWS:
        total, _, highest = _count_moments(window, of, num_windows, len(names))
        with np.errstate(invalid="ignore"):
            peak = highest * num_windows / total
    return tuple(
        ArrivalStatistics(name, int(num), float(rate), float(one_cv), tuple(index), float(top))
        for name, num, rate, one_cv, index, top in zip(
            names, requests, rate_rps, cv, dispersion.T.tolist(), peak, strict=True
        )
    )


def _windows(
    trace: Trace, group: NDArray[np.int32], window_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return window and group of each arrival inside whole windows, and the number of windows."""
    if not window_s > 0:
        raise ValueError(f"window_s must be above 0, found {window_s}")
    begin_s = observed_from_s(trace)
    end_s = begin_s + trace.duration_s
    # Rounding may leave a window that fills the observation a hair too long.
    num_windows = max(math.floor((end_s - begin_s) / window_s * (1 + 1e-12)), 0)
    window = np.floor((trace.arrival_s - begin_s) / window_s).astype(np.int64)
    inside = (window >= 0) & (window < num_windows)
    return window[inside], group[inside].astype(np.int64), num_windows


def _count_moments(
    window: NDArray[np.int64], group: NDArray[np.int64], num_windows: int, num_groups: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each group's sum, sum of squares and largest of its counts in windows.

    Only windows with arrivals take memory: a week has 604,800 seconds for each of many models.
    """
    cell, count = np.unique(group * num_windows + window, return_counts=True)
    of = cell // max(num_windows, 1)
    highest = np.zeros(num_groups)
    np.maximum.at(highest, of, count.astype(np.float64))
    total = np.bincount(of, count, num_groups).astype(np.float64)
    square = np.bincount(of, count.astype(np.float64) ** 2, num_groups).astype(np.float64)
    return total, square, highest


def _dispersion(
    total: NDArray[np.float64], square: NDArray[np.float64], num_windows: int
) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / num_windows
        variance = np.maximum(square - total * mean, 0.0) / (num_windows - 1)
        dispersion: NDArray[np.float64] = variance / mean
    return np.where(total > 0, dispersion, np.nan)
