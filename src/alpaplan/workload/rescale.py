"""Arrivals of a log's windows: as counted, or drawn anew with another rate and burstiness.

AlpaServe (OSDI 2023, section 6.2) fits a gamma process to each model's arrivals in each time window
of a log, and draws arrivals again with the rate and the CV multiplied.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import TooManyArrivalsError
from alpaplan.specs.arrivals import (
    MAX_CV,
    MAX_WEIBULL_SHAPE,
    MIN_CV,
    MIN_WEIBULL_SHAPE,
    weibull_cv,
)
from alpaplan.workload.arrivals.renewal import (
    Gamma,
    Poisson,
    RenewalProcess,
    Weibull,
    weibull_shape,
)

FAMILIES = ("gamma", "weibull", "exponential")
"""Families of gaps that a log's windows may have."""

MAX_WINDOW_ARRIVALS = 20_000_000
"""Most requests of one window (a count), as all of them are in memory at once."""

TimesAndModels = tuple[NDArray[np.float64], NDArray[np.int32]]
"""Times in seconds, non-decreasing, and the models, of the same length."""


@dataclass(frozen=True)
class Scaling:
    """How arrivals are changed.

    Parameters
    ----------
    rate, cv
        Factors of each model's rate and CV in each window.
    time
        How many times as fast the log passes; applied last.
    """

    rate: float = 1.0
    cv: float = 1.0
    time: float = 1.0

    @property
    def keeps_arrivals(self) -> bool:
        """Whether the requests are those of the log, so that nothing has to be drawn anew."""
        return self.rate == 1 and self.cv == 1


def spread_counts(
    model: NDArray[np.int32],
    count: NDArray[np.int64],
    window_s: float,
    rng: np.random.Generator,
) -> TimesAndModels:
    """Place counted requests independently and uniformly in their window.

    That is a Poisson process given its count (Cox and Lewis, The Statistical Analysis of Series
    of Events, 1966, section 2.1), so that every count is kept.

    Parameters
    ----------
    model : int32[num_counts]
        Models, in any order.
    count : int64[num_counts]
        Requests of each.
    window_s
        Length of the window.
    rng
        Source of randomness.

    Returns
    -------
    TimesAndModels
        In ``[0, window_s)``.
    """
    total = int(count.sum())
    _check_size(total)
    time_s = rng.random(total) * window_s
    order = np.argsort(time_s, kind="stable")
    return time_s[order], np.repeat(model, count)[order]


def draw_counts(
    model: NDArray[np.int32],
    count: NDArray[np.int64],
    window_s: float,
    scaling: Scaling,
    rng: np.random.Generator,
) -> TimesAndModels:
    """Draw each model's arrivals in a window from a gamma process of its scaled rate.

    Inside the window of a count nothing is known but that, so that the CV to scale is the
    Poisson process's: 1. Parameters are as for `spread_counts`; several counts of one model add up.
    """
    total = np.bincount(model, count)
    cv = _within_limits(scaling.cv)
    parts = [
        (one, Gamma(float(total[one]) * scaling.rate / window_s, cv).sample(window_s, rng))
        for one in np.flatnonzero(total).tolist()
    ]
    return _merged(parts)


def draw_requests(
    arrival_s: NDArray[np.float64],
    model: NDArray[np.int32],
    window_s: float,
    scaling: Scaling,
    rng: np.random.Generator,
) -> TimesAndModels:
    """Fit a gamma process to each model's arrivals in a window, and draw from it, scaled.

    The fit is by moments: the rate is the count over the window's length, the CV that of the gaps
    with the window closed to a circle, `circular_cv`, whose mean is one over that rate.

    Parameters
    ----------
    arrival_s : float64[num_requests]
        In ``[0, window_s]``, non-decreasing.
    model : int32[num_requests]
        Their models.
    window_s
        Length of the window.
    scaling
        Factors of rate and CV.
    rng
        Source of randomness.

    Returns
    -------
    TimesAndModels
        In ``[0, window_s)``.
    """
    cv = circular_cv(arrival_s, model, window_s)
    count = np.bincount(model)
    parts = []
    for one in np.flatnonzero(count).tolist():
        process = Gamma(
            float(count[one]) * scaling.rate / window_s,
            _within_limits(float(cv[one]) * scaling.cv),
        )
        parts.append((one, process.sample(window_s, rng)))
    return _merged(parts)


def draw_laws(
    model: NDArray[np.int32],
    rate_rps: NDArray[np.float64],
    cv: NDArray[np.float64],
    family: NDArray[np.int8],
    window_s: float,
    scaling: Scaling,
    rng: np.random.Generator,
) -> TimesAndModels:
    """Draw arrivals in a window from one renewal process for each row.

    Parameters
    ----------
    model : int32[num_rows]
        Models; one may have several rows, such as clients.
    rate_rps, cv : float64[num_rows]
        Rate, and CV of the gaps; that of exponential gaps is 1 whatever is said.
    family : int8[num_rows]
        Index into `FAMILIES`.
    window_s
        Length of the window.
    scaling
        Factors of rate and CV; exponential gaps whose CV is scaled become gamma-distributed.
    rng
        Source of randomness.

    Returns
    -------
    TimesAndModels
        In ``[0, window_s)``.
    """
    rows = zip(model.tolist(), rate_rps.tolist(), cv.tolist(), family.tolist(), strict=True)
    return _merged(
        [
            (one, _process(FAMILIES[law], rate, own_cv, scaling).sample(window_s, rng))
            for one, rate, own_cv, law in rows
        ]
    )


def draw_tokens(
    drawn: NDArray[np.int32],
    model: NDArray[np.int32],
    tokens: NDArray[np.int32],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Give arrivals that were drawn anew the token counts of a window's requests of their models.

    Input and output tokens are drawn together, uniformly and with replacement, so that they
    depend on each other as in the log.

    Parameters
    ----------
    drawn : int32[num_drawn]
        Models of the arrivals; each has requests in the window.
    model : int32[num_requests]
        Models of the window's requests.
    tokens : int32[num_requests, 2]
        Their token counts.
    rng
        Source of randomness.

    Returns
    -------
    int32[num_drawn, 2]
    """
    order = np.argsort(model, kind="stable")
    count = np.bincount(model)
    first = np.cumsum(count) - count
    rows = order[first[drawn] + rng.integers(0, count[drawn])]
    found: NDArray[np.int32] = tokens[rows]
    return found


def circular_cv(
    arrival_s: NDArray[np.float64], model: NDArray[np.int32], window_s: float
) -> NDArray[np.float64]:
    """Return the CV of each model's gaps in a window, the last gap leading to the first arrival.

    n arrivals then have n gaps of sum `window_s`, and a burst in an empty window is a burst.

    Returns
    -------
    float64[max(model) + 1]
        1 for a model with fewer than three arrivals, which tell nothing.
    """
    order = np.argsort(model, kind="stable")
    times_s, of = arrival_s[order], model[order]
    count = np.bincount(of)
    square = np.bincount(
        of[1:], np.where(of[1:] == of[:-1], np.diff(times_s), 0.0) ** 2, count.size
    )
    end = np.cumsum(count) - 1
    has_any = count > 0
    around = np.zeros(count.size)
    first = (end - count + 1)[has_any]
    around[has_any] = window_s - (times_s[end[has_any]] - times_s[first])
    cv = np.ones(count.size)
    known = count >= 3
    mean = window_s / count[known]
    moment = (square[known] + around[known] ** 2) / count[known]
    cv[known] = np.sqrt(np.maximum(moment / mean**2 - 1, 0.0))
    return cv


def _process(family: str, rate_rps: float, cv: float, scaling: Scaling) -> RenewalProcess:
    rate_rps *= scaling.rate
    if family == "exponential":
        return Poisson(rate_rps) if scaling.cv == 1 else Gamma(rate_rps, _within_limits(scaling.cv))
    if family == "weibull":
        lowest, highest = weibull_cv(MAX_WEIBULL_SHAPE), weibull_cv(MIN_WEIBULL_SHAPE)
        return Weibull(rate_rps, weibull_shape(min(max(cv * scaling.cv, lowest), highest)))
    return Gamma(rate_rps, _within_limits(cv * scaling.cv))


def _within_limits(cv: float) -> float:
    return min(max(cv, MIN_CV), MAX_CV)


def _merged(parts: list[tuple[int, NDArray[np.float64]]]) -> TimesAndModels:
    total = sum(times.size for _, times in parts)
    _check_size(total)
    if not total:
        return np.empty(0), np.empty(0, np.int32)
    time_s = np.concatenate([times for _, times in parts])
    model = np.repeat(
        np.array([one for one, _ in parts], np.int32), [times.size for _, times in parts]
    )
    order = np.argsort(time_s, kind="stable")
    return time_s[order], model[order]


def _check_size(total: float) -> None:
    if math.isnan(total) or total > MAX_WINDOW_ARRIVALS:
        raise TooManyArrivalsError(
            f"must be at most {MAX_WINDOW_ARRIVALS:,} requests in one window, "
            f"found about {total:.3g}"
        )
