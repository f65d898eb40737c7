"""95% intervals from repeated runs, by Student's t: for means, the next run, and ratios."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_STUDENT_T_975: tuple[float, ...] = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)  # fmt: skip
"""Two-sided 95% points of Student's t distribution for 1, 2, ... degrees of freedom (NIST/SEMATECH
e-Handbook of Statistical Methods, section 1.3.6.7.2)."""

_NORMAL_975 = 1.959964
"""Two-sided 95% point of the normal distribution (the same, section 1.3.6.7.1)."""

Interval = tuple[float, float]
"""Lower and upper end."""


def student_t_975(degrees_of_freedom: int) -> float:
    """Return the two-sided 95% point of Student's t; beyond 20 degrees of freedom that of 20.

    Parameters
    ----------
    degrees_of_freedom
        At least 1.
    """
    return _STUDENT_T_975[min(degrees_of_freedom, len(_STUDENT_T_975)) - 1]


def mean_interval_95(runs: NDArray[np.float64]) -> Interval:
    """Return the confidence interval of the mean: ``mean +- t * s / sqrt(n)``.

    Hahn and Meeker, Statistical Intervals, chapter 3; clipped to 0 to 1.

    Parameters
    ----------
    runs : float64[n]
        A fraction measured in each run, at least one. The interval for a single run is 0 to 1.
    """
    if runs.size < 2:
        return 0.0, 1.0
    return _clip(float(runs.mean()), _spread(runs) / math.sqrt(runs.size))


def next_run_interval_95(runs: NDArray[np.float64]) -> Interval:
    """Return the prediction interval of one more run: ``mean +- t * s * sqrt(1 + 1 / n)``.

    Hahn and Meeker, Statistical Intervals, chapter 4. Parameters are those of `mean_interval_95`.
    """
    if runs.size < 2:
        return 0.0, 1.0
    return _clip(float(runs.mean()), _spread(runs) * math.sqrt(1 + 1 / runs.size))


def shorter_run_factor(run_over_shorter: float, num_runs: int) -> float:
    """Return how many times as wide `next_run_interval_95` is for a shorter run.

    If stretches of time are independent, the variance of a run is proportional to the inverse of
    its length (as that of batch means is: Law, Simulation Modeling and Analysis, 5th ed., chapter
    9). The uncertainty of the mean over the runs comes on top.

    Parameters
    ----------
    run_over_shorter
        Length of the runs over that of the shorter one, at least 1.
    num_runs
        Number of runs behind the interval.
    """
    of_mean = 1 / num_runs
    return math.sqrt((run_over_shorter + of_mean) / (1 + of_mean))


def ratio_interval_95(
    whole: NDArray[np.int64] | NDArray[np.float64], part: NDArray[np.int64] | NDArray[np.float64]
) -> Interval | None:
    """Return the confidence interval of ``sum(part) / sum(whole)``, clipped to -1 to 1.

    Student's t on the residuals ``part - ratio * whole`` (Cochran, Sampling Techniques, 3rd ed.,
    section 6.4).

    Parameters
    ----------
    whole, part : int64[n] or float64[n]
        Counts of each run, weighted or not; those of `whole` are not all 0.

    Returns
    -------
    (float, float) or None
        None for a single run.
    """
    count = whole.size
    if count < 2:
        return None
    ratio = float(part.sum() / whole.sum())
    residuals = (part - ratio * whole) / whole.mean()
    deviation = math.sqrt(float(residuals @ residuals) / (count - 1))
    half = student_t_975(count - 1) * deviation / math.sqrt(count)
    return max(-1.0, ratio - half), min(1.0, ratio + half)


def _spread(runs: NDArray[np.float64]) -> float:
    return float(runs.std(ddof=1)) * student_t_975(runs.size - 1)


def _clip(mean: float, half_width: float) -> Interval:
    return max(0.0, mean - half_width), min(1.0, mean + half_width)


def wilson_interval_95(attained: int, requests: int) -> Interval:
    """Return the interval of a fraction, given a sample of independent requests.

    This is the score interval of Wilson (1927), which stays within 0 to 1 and holds for few
    requests: Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, section 3.1.1.

    Parameters
    ----------
    attained, requests
        At least one request.
    """
    fraction, square = attained / requests, _NORMAL_975**2
    center = (fraction + square / (2 * requests)) / (1 + square / requests)
    spread = math.sqrt(fraction * (1 - fraction) / requests + (square / requests**2) / 4)
    half = _NORMAL_975 * spread / (1 + square / requests)
    # The ends are exact there, and rounding would leave the fraction outside.
    low = center - half if attained > 0 else 0.0
    high = center + half if attained < requests else 1.0
    return max(0.0, low), min(1.0, high)
