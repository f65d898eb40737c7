"""How long requests wait in one queue, by formulas.

Every function takes numbers or arrays of one shape and returns an array of it. A utilization
of 1 or more has no steady state; its wait is infinite, unless nothing varies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = float | Floats


def allen_cunneen_wait_s(
    utilization: Numbers, service_s: Numbers, arrival_scv: Numbers, service_scv: Numbers
) -> Floats:
    """Return the mean wait of a GI/G/1 queue, approximately, in seconds.

    ``(ca**2 + cs**2) / 2 * rho / (1 - rho) * service`` (Allen and Cunneen, for one server: Allen,
    Probability, Statistics, and Queueing Theory with Computer Science Applications, 2nd ed., 1990,
    chapter 5). It is exact for Poisson arrivals and right in heavy traffic (Kingman, On queues in
    heavy traffic, J. R. Stat. Soc. B 24, 1962); bursty arrivals wait longer at light load.

    Parameters
    ----------
    utilization
        Arrivals times mean service, rho.
    service_s
        Mean service time.
    arrival_scv
        Squared coefficient of variation of the gaps between arrivals. Where gaps depend on each
        other, the index of dispersion of long windows, which is the same for independent gaps
        (Fendick and Whitt, Measurements and approximations to describe the offered traffic and
        predict the average workload in a single-server queue, Proc. IEEE 77(1), 1989).
    service_scv
        Squared coefficient of variation of the service time.
    """
    rho = np.asarray(utilization, dtype=np.float64)
    variability = np.asarray(arrival_scv, dtype=np.float64) + service_scv
    with np.errstate(divide="ignore", invalid="ignore"):
        wait_s = variability / 2 * rho / (1 - rho) * service_s
    idle_or_even = (rho == 0) | ((variability == 0) & (rho <= 1))
    return np.where(idle_or_even, 0.0, np.where(rho >= 1, np.inf, wait_s))


def mg1_wait_s(utilization: Numbers, service_s: Numbers, service_scv: Numbers) -> Floats:
    """Return the mean wait of an M/G/1 queue in seconds: Poisson arrivals, any service times.

    Pollaczek-Khinchine (Kleinrock, Queueing Systems I, 1975, section 5.6; Gross and Harris,
    Fundamentals of Queueing Theory, 3rd ed., 1998, section 5.1.1). It is what Allen and Cunneen's
    formula says of gaps whose CV is 1.
    """
    return allen_cunneen_wait_s(utilization, service_s, 1.0, service_scv)


def md1_wait_s(utilization: Numbers, service_s: Numbers) -> Floats:
    """Return the mean wait of an M/D/1 queue in seconds: Poisson arrivals, one service time."""
    return mg1_wait_s(utilization, service_s, 0.0)


def wait_quantile_s(mean_wait_s: Numbers, utilization: Numbers, quantile: float) -> Floats:
    """Return the wait that a fraction of the requests stays below, approximately, in seconds.

    Those that wait at all, a fraction rho, are taken to wait exponentially long, so that
    ``P(W > t) = rho * exp(-rho * t / mean wait)``. It is exact for M/M/1 and right in heavy
    traffic (Abate, Choudhury and Whitt, Exponential approximations for tail probabilities in
    queues I: waiting times, Operations Research 43(5), 1995, with the first term of their decay
    rate). For one service time and gamma gaps of CV 1 to 8 the 99% point of simulations is at most
    a third below it, at 20% utilization, and comes within a tenth from 80% on.

    Parameters
    ----------
    mean_wait_s
        Mean wait of all requests, those that do not wait included.
    utilization
        Fraction of time that the server works, rho.
    quantile
        Fraction of the requests, such as 0.99.
    """
    mean_s = np.asarray(mean_wait_s, dtype=np.float64)
    rho = np.asarray(utilization, dtype=np.float64)
    some_wait = (rho > 1 - quantile) & (mean_s != 0)
    logarithm = np.log(np.where(some_wait, rho, 1.0) / (1 - quantile))
    waiting_s = mean_s / np.where(some_wait, rho, 1.0)
    return np.where(some_wait, waiting_s * np.where(some_wait, logarithm, 1.0), 0.0)


def mixed_service(rate_rps: Floats, service_s: Floats) -> tuple[float, float]:
    """Return mean and squared coefficient of variation of the service time of merged streams.

    Parameters
    ----------
    rate_rps, service_s : float64[N]
        Arrivals of each stream, at least one above 0, and its service time.
    """
    share = rate_rps / rate_rps.sum()
    mean_s = float(share @ service_s)
    return mean_s, float(share @ (service_s - mean_s) ** 2) / mean_s**2


def merged_variability(rate_rps: Floats, service_s: Floats, dispersion: Floats) -> float:
    """Return what takes the place of ``ca**2 + cs**2`` where independent streams share a queue.

    Work that arrives in a long time has a variance that is the sum of the streams',
    ``rate * service**2 * dispersion``; this is that sum over ``rate * mean service**2`` of all (the
    index of dispersion for work of Fendick and Whitt, 1989). For Poisson streams it is
    ``1 + cs**2`` of the mixture, so that Allen and Cunneen's formula becomes Pollaczek-Khinchine's.

    Parameters
    ----------
    rate_rps, service_s, dispersion : float64[N]
        Arrivals of each stream, at least one above 0, its service time, and its index of
        dispersion.
    """
    mean_s, _ = mixed_service(rate_rps, service_s)
    return float(rate_rps @ (service_s**2 * dispersion)) / (float(rate_rps.sum()) * mean_s**2)
