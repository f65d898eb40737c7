"""The Poisson process: the rate is all there is to fit, whatever few requests there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import PoissonArrivals
from alpaplan.workload.fitting.law import Fit, FittedArrivals, Law, six_digits
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.renewal import log_likelihood


class _ExponentialGaps:
    """Exponential gaps of mean one; the shape is not used."""

    def sum_log_density(self, _shape: float, gaps: NDArray[np.float64]) -> float:
        return -float(gaps.sum())

    def log_survival(self, _shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        return -gaps

    def probability(self, _shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(-np.expm1(-gaps), dtype=np.float64)


def poisson_log_likelihood(observation: Observation) -> float:
    """Return the log-likelihood under the likeliest Poisson process."""
    return log_likelihood(_ExponentialGaps(), observation, 1.0)


def _fit(observation: Observation) -> Fit:
    arrivals = PoissonArrivals(process="poisson", rate_rps=six_digits(observation.rate_rps))
    return Fit(arrivals, poisson_log_likelihood(observation), 1, observation.num_requests)


def _gap_probabilities(observation: Observation, _arrivals: FittedArrivals) -> NDArray[np.float64]:
    return _ExponentialGaps().probability(1.0, observation.gaps)


POISSON = Law(1, _fit, _gap_probabilities)
