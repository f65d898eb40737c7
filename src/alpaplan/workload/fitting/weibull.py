"""Weibull-distributed gaps of mean one: ``S(x) = exp(-(x / scale)**k)`` with shape ``k``."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import MAX_WEIBULL_SHAPE, MIN_WEIBULL_SHAPE, WeibullArrivals
from alpaplan.workload.fitting.law import MIN_REQUESTS, Fit, FittedArrivals, Law, six_digits
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.renewal import likeliest_shape

_MAX_EXPONENT = 600.0
"""Of ``exp``, near its largest result; such a shape is out of the question anyway."""


class WeibullGaps:
    """Weibull distributions; see `GapDistribution`."""

    def sum_log_density(self, shape: float, gaps: NDArray[np.float64]) -> float:
        """Sum of the logarithms of the density."""
        logs = np.log(gaps)
        constant = math.log(shape) - shape * _log_scale(shape)
        powers = float(_powers(shape, logs).sum())
        return gaps.size * constant + (shape - 1) * float(logs.sum()) - powers

    def log_survival(self, shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the survival function."""
        return -_powers(shape, np.log(np.maximum(gaps, np.finfo(np.float64).tiny)))

    def probability(self, shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distribution function."""
        return np.asarray(-np.expm1(self.log_survival(shape, gaps)), dtype=np.float64)


def _log_scale(shape: float) -> float:
    return -math.lgamma(1 + 1 / shape)


def _powers(shape: float, logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``(x / scale)**shape`` of numbers given by their logarithms."""
    exponent = np.minimum(shape * (logs - _log_scale(shape)), _MAX_EXPONENT)
    return np.asarray(np.exp(exponent), dtype=np.float64)


def _fit(observation: Observation) -> Fit:
    lowest, highest = MIN_WEIBULL_SHAPE, MAX_WEIBULL_SHAPE
    shape, best = likeliest_shape(WeibullGaps(), observation, lowest, highest)
    shape = min(max(six_digits(shape), lowest), highest)
    rate_rps = six_digits(observation.rate_rps)
    return Fit(
        WeibullArrivals(process="weibull", rate_rps=rate_rps, shape=shape),
        best,
        2,
        observation.num_requests,
    )


def _gap_probabilities(observation: Observation, arrivals: FittedArrivals) -> NDArray[np.float64]:
    if not isinstance(arrivals, WeibullArrivals) or arrivals.shape is None:
        raise TypeError(f"must be Weibull arrivals with a shape, found {arrivals}")
    return WeibullGaps().probability(arrivals.shape, observation.gaps)


WEIBULL = Law(MIN_REQUESTS, _fit, _gap_probabilities)
