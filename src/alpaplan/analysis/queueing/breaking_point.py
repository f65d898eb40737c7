"""How much load an objective allows: the utilization at which it breaks, and servers needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.analysis.queueing.waits import Floats, Numbers, allen_cunneen_wait_s, wait_quantile_s

_HALVINGS = 60
"""Steps of a bisection (a count; 40 to 60): the bracket becomes as short as rounding."""

MAX_SERVERS = 10_000_000
"""Where the search for a number of servers ends (a count): no cluster has as many devices."""


def wait_s(
    utilization: Numbers, service_s: Numbers, variability: Numbers, quantile: float | None
) -> Floats:
    """Return the mean wait, or the quantile of the wait, of one queue in seconds.

    Parameters
    ----------
    utilization, service_s
        As for `allen_cunneen_wait_s`.
    variability
        ``ca**2 + cs**2``, or `merged_variability`.
    quantile
        As for `wait_quantile_s`; None for the mean.
    """
    mean_s = allen_cunneen_wait_s(utilization, service_s, variability, 0.0)
    return mean_s if quantile is None else wait_quantile_s(mean_s, utilization, quantile)


def breaking_utilization(
    slack_s: Numbers, service_s: Numbers, variability: Numbers, quantile: float | None = None
) -> Floats:
    """Return the largest utilization at which the wait stays within what an objective leaves.

    For the mean it is the root of Allen and Cunneen's formula, ``x / (1 + x)`` with
    ``x = 2 * slack / (variability * service)``; for a quantile it is found by bisection, since that
    grows with the utilization.

    Parameters
    ----------
    slack_s
        Objective minus the latency of a request that does not wait; may be negative.
    service_s
        Time that a request keeps the server from starting others, above 0.
    variability
        ``ca**2 + cs**2``, or `merged_variability`.
    quantile
        Fraction of the requests that is to be in time; None to ask for the mean latency instead.

    Returns
    -------
    float64[...]
        0 where even a request that does not wait is late, NaN where `variability` is infinite or
        NaN, and else from 0 to 1.
    """
    slack, service, varies = np.broadcast_arrays(
        np.asarray(slack_s, dtype=np.float64),
        np.asarray(service_s, dtype=np.float64),
        np.asarray(variability, dtype=np.float64),
    )
    if quantile is None:
        load = varies * service / 2
        with np.errstate(invalid="ignore"):
            # Without variation nothing waits below full utilization.
            root = np.where(load > 0, slack / np.where(load + slack > 0, load + slack, 1.0), 1.0)
    else:
        low, high = np.zeros(slack.shape), np.ones(slack.shape)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            in_time = wait_s(middle, service, varies, quantile) <= slack
            low, high = np.where(in_time, middle, low), np.where(in_time, high, middle)
        root = high
    return np.where(np.isfinite(varies), np.where(slack < 0, 0.0, root), np.nan)


def servers_needed(
    slack_s: Numbers,
    service_s: Numbers,
    rate_rps: Numbers,
    variability: Numbers,
    quantile: float | None = None,
) -> Floats:
    """Return the fewest servers that keep the wait within what an objective leaves.

    As many servers count as one that is as many times as fast, which is what a pipeline over them
    is; a queue before that many replicas has waits that are hardly shorter.

    Parameters
    ----------
    slack_s, service_s, variability, quantile
        As for `breaking_utilization`.
    rate_rps
        Arrivals.

    Returns
    -------
    float64[...]
        Whole numbers from 1; NaN where no number up to `MAX_SERVERS` suffices, or where
        `variability` is infinite or NaN.
    """
    slack, service, rate, varies = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (slack_s, service_s, rate_rps, variability))
    )
    possible = (slack >= 0) & np.isfinite(varies)
    load_erlangs = rate * service

    def suffice(num_servers: Floats) -> NDArray[np.bool_]:
        # Not rate * (service / num_servers), which may round to below 1 where the load is as many
        # servers exactly: a division rounds so only if the load is less.
        utilization = load_erlangs / num_servers
        return np.asarray(wait_s(utilization, service / num_servers, varies, quantile) <= slack)

    # Between the last number known to be too few and the first known to be enough, of each.
    too_few, enough = np.zeros(slack.shape), np.full(slack.shape, float(MAX_SERVERS))
    possible = possible & suffice(enough)
    while np.any(enough - too_few > 1):
        middle = np.ceil((too_few + enough) / 2)
        fits = suffice(middle)
        too_few, enough = np.where(fits, too_few, middle), np.where(fits, middle, enough)
    return np.where(possible, enough, np.nan)
