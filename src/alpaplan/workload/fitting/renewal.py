"""Maximum likelihood for renewal processes whose mean gap is known and whose shape is not.

The rate of every fit is the observed one, so that the fitted workload asks for as much as was
recorded; the likeliest rate of a bursty process may be another. The likelihood of a stationary
renewal process in a span is ``rate S(first) f(gap) ... f(gap) S(last)``: density ``f`` of whole
gaps, survival function ``S`` for what is seen of the two that reach beyond it (Cox and Lewis, The
Statistical Analysis of Series of Events, 1966, chapter 4). Without the edges long gaps, which
are often cut, would be missed, and bursty models would be fitted as too regular. A short gap
counts with its probability ``1 - S(SHORT_GAP)`` in place of its density.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpaplan.workload.fitting.observation import SHORT_GAP, Observation

_GRID_SIZE = 16
"""Shapes tried before the best one is refined (a count; 8 to 64)."""

_TOLERANCE = 1e-6
"""Of the logarithm of a shape, beside which statistical errors are large."""

_LEAST = 1e-300
"""Least probability of a short gap: its logarithm must be a number, however poor a shape is."""


class GapDistribution(Protocol):
    """Distributions of gaps with mean one, by their shape."""

    def sum_log_density(self, shape: float, gaps: NDArray[np.float64]) -> float:
        """Sum of the logarithms of the density at gaps above 0."""

    def log_survival(self, shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the probability of a longer gap."""

    def probability(self, shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of a gap that is no longer."""


def likeliest_shape(
    distribution: GapDistribution, observation: Observation, lowest: float, highest: float
) -> tuple[float, float]:
    """Find the shape with the largest likelihood, from `lowest` to `highest`.

    Returns
    -------
    tuple[float, float]
        The shape and its log-likelihood.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_shape: float) -> float:
        return -log_likelihood(distribution, observation, math.exp(log_shape))

    grid = np.linspace(math.log(lowest), math.log(highest), _GRID_SIZE).tolist()
    best = int(np.argmin([loss(point) for point in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, _GRID_SIZE - 1)]
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": _TOLERANCE})
    shape = min(max(math.exp(found.x), lowest), highest)
    return shape, -float(found.fun)


def log_likelihood(distribution: GapDistribution, observation: Observation, shape: float) -> float:
    """Return the logarithm of the likelihood of an observation."""
    long_gaps, num_short = observation.long_gaps, observation.num_short
    # One density a second for each long gap, and one for the first request.
    unit = (long_gaps.size + 1) * math.log(observation.rate_rps)
    whole = distribution.sum_log_density(shape, long_gaps)
    edges = float(distribution.log_survival(shape, observation.edges).sum())
    total = unit + whole + edges
    if num_short:
        short = float(distribution.probability(shape, np.array([SHORT_GAP]))[0])
        total += num_short * math.log(max(short, _LEAST))
    return total
