"""The demand of training arrivals: rates, and how bursty they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.workload.statistics import gap_cv
from alpaplan.workload.trace import Trace

MIN_DISPERSION = 0.05
"""Smallest index of dispersion (a number; 0.01 to 0.2): that of evenly spaced arrivals is almost 0,
for which the estimate of waiting times breaks down."""

MAX_WINDOWS = 2.0**53
"""Most windows that the time is divided into (a count): floats cannot count more."""


@dataclass(frozen=True)
class Demand:
    """Measured arrivals of every model.

    Parameters
    ----------
    rate_rps : float64[M]
        Requests per second.
    cv : float64[M]
        Standard deviation over mean of the gaps; 1 where there are fewer than three arrivals.
    dispersion : float64[M]
        Variance over mean of the arrivals in windows as long as the model's objective: 1 for
        Poisson arrivals, more for bursts. A request waits for what came within its objective
        before it, so this, and not the gaps' variation, is what makes requests late.
    """

    rate_rps: NDArray[np.float64]
    cv: NDArray[np.float64]
    dispersion: NDArray[np.float64]


def measure_demand(problem: PlacementProblem, trace: Trace) -> Demand:
    """Measure the arrivals of every model.

    Parameters
    ----------
    problem
        The problem; its objectives set the lengths of the windows.
    trace
        Arrivals of the problem's models.

    Raises
    ------
    ValueError
        If the trace has other models than the problem.
    """
    if trace.model_names != problem.model_names:
        raise ValueError("the trace must index the problem's models: use trace.for_models")
    order = np.argsort(trace.model, kind="stable")
    model, arrival_s = trace.model[order], trace.arrival_s[order]
    # A recorded trace may start at any time.
    since_start_s = arrival_s - (trace.arrival_s[0] if trace.num_requests else 0.0)
    duration_s = max(trace.duration_s, float(since_start_s.max(initial=0.0)))
    count = trace.requests_per_model().astype(np.float64)
    if duration_s <= 0:
        return Demand(np.zeros_like(count), np.ones_like(count), np.ones_like(count))
    cv = gap_cv(trace.arrival_s, trace.model, count.size)
    return Demand(
        rate_rps=count / duration_s,
        cv=np.where(np.isnan(cv), 1.0, cv),
        dispersion=_dispersion(problem.slo_s, model, since_start_s, count, duration_s),
    )


def _dispersion(
    window_s: NDArray[np.float64],
    model: NDArray[np.int32],
    since_start_s: NDArray[np.float64],
    count: NDArray[np.float64],
    duration_s: float,
) -> NDArray[np.float64]:
    """Return variance over mean of the counts in consecutive windows, by model."""
    window_s = np.maximum(window_s, duration_s / MAX_WINDOWS)
    num_windows = np.maximum(np.floor(duration_s / window_s), 1)
    window = np.minimum(since_start_s / window_s[model], num_windows[model] - 1).astype(np.int64)
    # Arrivals of one model in one window are consecutive: a change starts the next count.
    first = np.flatnonzero(
        np.r_[True, (model[1:] != model[:-1]) | (window[1:] != window[:-1])][: model.size]
    )
    in_window = np.diff(np.r_[first, model.size]).astype(np.float64)
    squares = np.bincount(model[first], in_window**2, count.size)
    mean = count / num_windows
    dispersion: NDArray[np.float64] = np.ones_like(count)
    known = (count >= 2) & (num_windows >= 2)
    dispersion[known] = ((squares / num_windows - mean**2)[known]) / mean[known]
    return np.maximum(dispersion, MIN_DISPERSION)
