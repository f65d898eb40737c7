"""What every law offers that can be fitted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import GammaArrivals, MmppArrivals, PoissonArrivals, WeibullArrivals
from alpaplan.workload.fitting.observation import Observation

FittedArrivals = PoissonArrivals | GammaArrivals | WeibullArrivals | MmppArrivals
"""Specs that a fit may end in."""

MIN_REQUESTS = 20
"""Fewest requests that a second parameter is fitted to (a count; 10 to 100). The logarithm of a
shape then has a standard error of about a third."""


@dataclass(frozen=True)
class Fit:
    """A law with the parameters that fit an observation.

    Parameters
    ----------
    arrivals
        The process; its rate is the observation's, and numbers have six digits.
    log_likelihood
        Of the observation under the stationary process, edges included, in nats.
    num_parameters
        How many numbers were fitted.
    num_requests
        To how many requests.
    """

    arrivals: FittedArrivals
    log_likelihood: float
    num_parameters: int
    num_requests: int

    @property
    def bic(self) -> float:
        """Bayesian information criterion: ``num_parameters log(num_requests) - 2 log_likelihood``.

        Less is better. Schwarz, Estimating the dimension of a model, Annals of Statistics 6(2),
        1978. Unlike Akaike's criterion it is rarely taken in by the four numbers of an MMPP.
        """
        return self.num_parameters * math.log(self.num_requests) - 2 * self.log_likelihood


@dataclass(frozen=True)
class Law:
    """A family of processes.

    Parameters
    ----------
    min_requests
        Fewest requests that it is fitted to.
    fit
        Finds the likeliest parameters for an observation with at least that number of requests.
    gap_probabilities
        For an observation and the process: the probability of a gap no longer than each of its
        ``gaps``, given all before it; float64[num_requests - 1]. If the process is right, they are
        uniform (Rosenblatt, Annals of Mathematical Statistics 23(3), 1952).
    """

    min_requests: int
    fit: Callable[[Observation], Fit]
    gap_probabilities: Callable[[Observation, FittedArrivals], NDArray[np.float64]]


def six_digits(value: float) -> float:
    """Round to six significant digits: far more than a fit knows, and short to read."""
    return float(f"{value:.6g}")
