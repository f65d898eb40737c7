"""Statistical checks whose limits come from the samples, and distributions in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def assert_mean(replications: Iterable[float], expected: float) -> None:
    """Hold that the mean of independent replications is `expected`, within 4 standard errors.

    The chance of more than that is below 1 in 5,000 for 40 replications or more.
    """
    values = np.fromiter(replications, dtype=np.float64)
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    assert abs(values.mean() - expected) <= 4 * error, (values.mean(), expected, error)


def assert_distribution(
    samples: Floats, cdf: Callable[[Floats], Floats], lower: float, upper: float
) -> None:
    """Hold a Kolmogorov-Smirnov test of `samples` at the 0.001 level, on [lower, upper] only."""
    ordered = np.sort(samples)
    inside = (ordered >= lower) & (ordered <= upper)
    assert np.count_nonzero(inside) > 100
    rank = np.flatnonzero(inside)
    theory = cdf(ordered[inside])
    num = samples.size
    distance = max(np.abs((rank + 1) / num - theory).max(), np.abs(rank / num - theory).max())
    assert distance * math.sqrt(num) < 1.95, distance


def lower_gamma(shape: float, x: Floats) -> Floats:
    """Regularized lower incomplete gamma function by its power series (DLMF 8.7.1)."""
    clipped = np.clip(x, 1e-300, 150.0)[:, None]
    term = np.arange(400.0)
    log_gamma = np.array([math.lgamma(shape + n + 1) for n in term])
    logs = (shape + term) * np.log(clipped) - clipped - log_gamma
    return np.asarray(np.exp(logs).sum(axis=1), dtype=np.float64)
