"""Gamma-distributed gaps of mean one: ``k**k x**(k-1) exp(-k x) / gamma(k)`` with shape ``k``."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import MAX_CV, MIN_CV, GammaArrivals
from alpaplan.workload.fitting.law import MIN_REQUESTS, Fit, FittedArrivals, Law, six_digits
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.renewal import likeliest_shape

_SMALLEST = 1e-280
"""Survival below is taken from its continued fraction, before it becomes 0."""


class GammaGaps:
    """Gamma distributions; see `GapDistribution`."""

    def sum_log_density(self, shape: float, gaps: NDArray[np.float64]) -> float:
        """Sum of the logarithms of the density."""
        constant = shape * math.log(shape) - math.lgamma(shape)
        return (
            gaps.size * constant
            + (shape - 1) * float(np.log(gaps).sum())
            - shape * float(gaps.sum())
        )

    def log_survival(self, shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the regularized upper incomplete gamma function."""
        from scipy.special import gammaincc

        survival = gammaincc(shape, shape * gaps)
        logs = np.log(np.maximum(survival, _SMALLEST))
        # gamma(k, x) = exp(-x) x**k / (x + 1 - k - ...), DLMF 8.9.2, where x is far beyond k.
        x = np.maximum(shape * gaps, shape)
        tail = shape * np.log(x) - x - math.lgamma(shape) - np.log(x + 1 - shape)
        return np.where(survival < _SMALLEST, tail, logs)

    def probability(self, shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Regularized lower incomplete gamma function."""
        from scipy.special import gammainc

        return np.asarray(gammainc(shape, shape * gaps), dtype=np.float64)


def _fit(observation: Observation) -> Fit:
    shape, best = likeliest_shape(GammaGaps(), observation, MAX_CV**-2, MIN_CV**-2)
    cv = min(max(six_digits(shape**-0.5), MIN_CV), MAX_CV)
    rate_rps = six_digits(observation.rate_rps)
    return Fit(
        GammaArrivals(process="gamma", rate_rps=rate_rps, cv=cv), best, 2, observation.num_requests
    )


def _gap_probabilities(observation: Observation, arrivals: FittedArrivals) -> NDArray[np.float64]:
    if not isinstance(arrivals, GammaArrivals):
        raise TypeError(f"must be gamma arrivals, found {arrivals.process}")
    return GammaGaps().probability(arrivals.cv**-2, observation.gaps)


GAMMA = Law(MIN_REQUESTS, _fit, _gap_probabilities)
