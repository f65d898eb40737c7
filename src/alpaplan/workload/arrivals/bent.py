"""The draws of one law bent into those of another: arrivals that change smoothly with their CV.

Common random numbers: each gap keeps its place in the distribution. What is compared under two CVs
then differs by the CVs, and hardly by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import ArrivalsSpec, PiecewiseArrivals
from alpaplan.workload.arrivals.base import ArrivalProcess
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.registry import process_of
from alpaplan.workload.arrivals.renewal import Gamma, Pareto, RenewalProcess, Weibull

_TABLE_DEVIATIONS = 37.0
"""Ends of the tables of gamma quantiles (standard deviations of a normal law with the same
probability; 30 to 37): beyond it, probabilities underflow."""

_TABLE_SIZE = 16_385
"""Quantiles of such a table (a count; 4,000 to 100,000): gaps are then within 1e-5 of exact."""

_TINY = 1e-307
"""Stands for gaps of 0 where their logarithms are taken."""


@dataclass(frozen=True)
class Bent(RenewalProcess):
    """A renewal process that takes its gaps from the draws of another one of its family.

    Parameters
    ----------
    rate_rps
        Arrivals a second, of both.
    drawn
        Whose gaps are drawn.
    law
        What they are bent into.
    """

    drawn: RenewalProcess
    law: RenewalProcess

    @property
    def cv(self) -> float:
        """That of the law."""
        return self.law.cv

    def _draw_gaps(self, num_gaps: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw gaps, and give each the length of the same probability."""
        return _bent(self.drawn._draw_gaps(num_gaps, rng), self.drawn, self.law)

    def _draw_long_gap(self, rng: np.random.Generator) -> float:
        """Draw one by its length, scaled so that its mean, ``1 + cv**2``, is that of the law."""
        scale = (1 + self.law.cv**2) / (1 + self.drawn.cv**2)
        return self.drawn._draw_long_gap(rng) * scale


def bent_process_of(drawn: ArrivalsSpec, arrivals: ArrivalsSpec) -> ArrivalProcess:
    """Make the process of a spec, with gaps from the draws of another spec.

    Parameters
    ----------
    drawn
        Whose draws to take.
    arrivals
        The same processes with other CVs, as `alpaplan.specs.cv_scaling` makes them.
    """
    process = process_of(arrivals)
    if isinstance(process, Piecewise) and isinstance(arrivals, PiecewiseArrivals):
        if not isinstance(drawn, PiecewiseArrivals):
            raise ValueError("windows can only be bent from windows")
        pairs = zip(drawn.windows, arrivals.windows, strict=True)
        bent = tuple(
            None
            if old.arrivals is None or new.arrivals is None
            else bent_process_of(old.arrivals, new.arrivals)
            for old, new in pairs
        )
        return Piecewise(process.durations_s, bent)
    if drawn == arrivals or not isinstance(process, RenewalProcess):
        return process
    base = process_of(drawn)
    if not isinstance(base, RenewalProcess):
        raise ValueError("a process can only be bent from one of its family")
    if replace(base, rate_rps=process.rate_rps) == process:
        return process  # gaps are drawn with mean one, so that another rate changes no draw
    return Bent(process.rate_rps, base, process)


def _bent(
    gaps: NDArray[np.float64], drawn: RenewalProcess, law: RenewalProcess
) -> NDArray[np.float64]:
    """Return gaps of mean one of the same probabilities under another law of the family."""
    match drawn, law:
        case Gamma(), Gamma():
            old, new = _gamma_table(drawn.shape, law.shape)
            return np.exp(np.interp(np.log(np.maximum(gaps, _TINY)), old, new))
        case Weibull(), Weibull():
            # Both powers of the same exponential number.
            gaps = (gaps / drawn.scale) ** (drawn.shape / law.shape)
        case Pareto(), Pareto():
            gaps = (gaps / drawn.scale) ** (drawn.shape / law.shape)
        case _:
            raise ValueError("a process can only be bent from one of its family")
    gaps *= law.scale
    return gaps


@lru_cache(maxsize=64)
def _gamma_table(
    drawn_shape: float, law_shape: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return logarithms of quantiles of two gamma laws of mean one, at the same probabilities."""
    from scipy.special import gammainccinv, gammaincinv, ndtr

    deviations = np.linspace(-_TABLE_DEVIATIONS, _TABLE_DEVIATIONS, _TABLE_SIZE)
    low, high = deviations[deviations < 0], deviations[deviations >= 0]
    old, new = (
        np.log(
            np.maximum(
                # The smaller one of the two tails is exact.
                np.concatenate([gammaincinv(shape, ndtr(low)), gammainccinv(shape, ndtr(-high))])
                / shape,
                _TINY,
            )
        )
        for shape in (drawn_shape, law_shape)
    )
    # Where quantiles underflow, the last of equal ones stands for all.
    last = np.append(old[1:] > old[:-1], True)
    return old[last], new[last]
