"""Renewal processes: gaps are independent and follow one distribution.

Sampling starts in the stationary state, as if the process had run forever. The time to the
first arrival is then not a whole gap but the rest of one that is under way: a gap chosen with
probability proportional to its length, times a uniform number (Cox, Renewal Theory, 1962,
chapter 5). So the expected number of arrivals is ``rate * duration`` on every horizon.

A cold start begins with a whole gap at time 0. If gaps are bursty, most of them are short, so
that the first bursts of many models fall together there: the hardest moment of the sample.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import MAX_WEIBULL_SHAPE, MIN_WEIBULL_SHAPE, pareto_cv, weibull_cv
from alpaplan.workload.arrivals.base import before, check_sample_size, running_sums


@dataclass(frozen=True)
class RenewalProcess(ABC):
    """Base of the renewal processes; gaps are drawn with mean one and scaled by the rate.

    Parameters
    ----------
    rate_rps
        Arrivals a second; 0 means none.
    """

    rate_rps: float

    @property
    @abstractmethod
    def cv(self) -> float:
        """Standard deviation over mean of the gaps."""

    @property
    def dispersion(self) -> float:
        """Variance over mean of the counts in long windows: ``cv**2`` (Cox, chapter 4)."""
        return self.cv**2

    @abstractmethod
    def _draw_gaps(self, num_gaps: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw gaps of mean one."""

    @abstractmethod
    def _draw_long_gap(self, rng: np.random.Generator) -> float:
        """Draw one gap of mean one, with probability proportional to its length."""

    def sample(
        self, duration_s: float, rng: np.random.Generator, *, cold_start: bool = False
    ) -> NDArray[np.float64]:
        """Draw the arrivals in ``[0, duration_s)``; see `ArrivalProcess.sample`."""
        check_sample_size(self.rate_rps, duration_s)
        end = self.rate_rps * duration_s
        if end == 0:
            return np.empty(0)
        if cold_start:
            first = float(self._draw_gaps(1, rng)[0])
        else:
            first = self._draw_long_gap(rng) * (1 - rng.random())
        sums = before(running_sums(first, lambda num: self._draw_gaps(num, rng), 1.0, end), end)
        sums /= self.rate_rps
        return before(sums, duration_s)  # the division may have rounded up to duration_s


@dataclass(frozen=True)
class Poisson(RenewalProcess):
    """Exponential gaps."""

    @property
    def cv(self) -> float:
        """One."""
        return 1.0

    def _draw_gaps(self, num_gaps: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.standard_exponential(num_gaps)

    def _draw_long_gap(self, rng: np.random.Generator) -> float:
        return float(rng.standard_gamma(2.0))


@dataclass(frozen=True)
class Gamma(RenewalProcess):
    """Gamma-distributed gaps with shape ``1 / cv**2``.

    A gap chosen by its length is again gamma-distributed, with one more in the shape.
    """

    gap_cv: float

    @property
    def cv(self) -> float:
        """As given."""
        return self.gap_cv

    @property
    def shape(self) -> float:
        """Shape of the gamma distribution."""
        return self.gap_cv**-2

    def _draw_gaps(self, num_gaps: int, rng: np.random.Generator) -> NDArray[np.float64]:
        gaps = rng.standard_gamma(self.shape, num_gaps)
        gaps /= self.shape
        return gaps

    def _draw_long_gap(self, rng: np.random.Generator) -> float:
        return float(rng.standard_gamma(self.shape + 1)) / self.shape


@dataclass(frozen=True)
class Weibull(RenewalProcess):
    """Weibull-distributed gaps.

    A gap is ``scale * E ** (1 / shape)`` with E exponential. Weighting E's density by that
    power makes it a gamma density with shape ``1 + 1 / shape``.
    """

    shape: float

    @property
    def cv(self) -> float:
        """From the shape; see `weibull_cv`."""
        return weibull_cv(self.shape)

    @property
    def scale(self) -> float:
        """Scale of gaps of mean one."""
        return math.exp(-math.lgamma(1 + 1 / self.shape))

    def _draw_gaps(self, num_gaps: int, rng: np.random.Generator) -> NDArray[np.float64]:
        gaps = rng.weibull(self.shape, num_gaps)
        gaps *= self.scale
        return gaps

    def _draw_long_gap(self, rng: np.random.Generator) -> float:
        power = 1 / self.shape
        return self.scale * math.pow(rng.standard_gamma(1 + power), power)


@dataclass(frozen=True)
class Pareto(RenewalProcess):
    """Pareto (type I) gaps; `shape` is the tail index, above 1.

    A gap chosen by its length is Pareto-distributed with one less in the shape. The variance
    is finite for ``shape > 2`` only; otherwise `cv` is infinite.
    """

    shape: float

    @property
    def cv(self) -> float:
        """From the shape; see `pareto_cv`."""
        return pareto_cv(self.shape)

    @property
    def scale(self) -> float:
        """Shortest gap, of gaps of mean one."""
        return (self.shape - 1) / self.shape

    def _draw_gaps(self, num_gaps: int, rng: np.random.Generator) -> NDArray[np.float64]:
        gaps = rng.pareto(self.shape, num_gaps)  # numpy's is type II: less by one
        gaps += 1
        gaps *= self.scale
        return gaps

    def _draw_long_gap(self, rng: np.random.Generator) -> float:
        return self.scale * (1 + float(rng.pareto(self.shape - 1)))


@dataclass(frozen=True)
class Deterministic:
    """Equal gaps, the first arrival after half a gap: nothing is random."""

    rate_rps: float

    @property
    def cv(self) -> float:
        """Zero."""
        return 0.0

    @property
    def dispersion(self) -> float:
        """Zero: a count differs by one at most."""
        return 0.0

    def sample(
        self, duration_s: float, rng: np.random.Generator, *, cold_start: bool = False
    ) -> NDArray[np.float64]:
        """List the arrivals in ``[0, duration_s)``; `rng` is not used."""
        check_sample_size(self.rate_rps, duration_s)
        end = self.rate_rps * duration_s
        times = np.arange(math.ceil(end), dtype=np.float64)
        times += 0.5
        times = before(times, end)
        times /= self.rate_rps
        return before(times, duration_s)


@lru_cache(maxsize=256)
def weibull_shape(cv: float) -> float:
    """Find the Weibull shape that has this `cv`, by bisection: `weibull_cv` falls in the shape.

    Raises
    ------
    ValueError
        If no shape from `MIN_WEIBULL_SHAPE` to `MAX_WEIBULL_SHAPE` has it.
    """
    low, high = math.log(MIN_WEIBULL_SHAPE), math.log(MAX_WEIBULL_SHAPE)
    if not weibull_cv(MAX_WEIBULL_SHAPE) <= cv <= weibull_cv(MIN_WEIBULL_SHAPE):
        raise ValueError(f"no Weibull shape has cv {cv:g}")
    for _ in range(64):
        middle = (low + high) / 2
        if weibull_cv(math.exp(middle)) > cv:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def pareto_shape(cv: float) -> float:
    """Return the tail index of the Pareto (type I) distribution that has this `cv`.

    Solves ``cv**2 = 1 / (shape * (shape - 2))``; Johnson, Kotz and Balakrishnan, Continuous
    Univariate Distributions vol. 1 (2nd ed.), chapter 20.
    """
    return 1 + math.sqrt(1 + cv**-2)
