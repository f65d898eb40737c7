"""Arrivals of another burstiness: processes whose coefficient of variation is scaled."""

from __future__ import annotations

import math

from alpaplan.specs.arrivals import (
    MAX_CV,
    MAX_WEIBULL_SHAPE,
    MIN_CV,
    MIN_WEIBULL_SHAPE,
    ArrivalsSpec,
    GammaArrivals,
    ParetoArrivals,
    PiecewiseArrivals,
    WeibullArrivals,
    pareto_cv,
    weibull_cv,
)

SPARE = 1e-9
"""How far a scaled CV stays within the limits of documents (a fraction), for rounding."""


def cv_limits(arrivals: ArrivalsSpec) -> list[tuple[float, float, float]]:
    """Return CV, smallest and largest CV of each part of a process that has one to scale.

    Poisson and equal gaps have a CV that belongs to them, states and recordings follow no one law,
    and some Pareto gaps have no variance: such parts are not among them.
    """
    match arrivals:
        case PiecewiseArrivals():
            windows = [window.arrivals for window in arrivals.windows]
            return [each for part in windows if part is not None for each in cv_limits(part)]
        case GammaArrivals():
            return [(arrivals.cv, MIN_CV, MAX_CV)]
        case WeibullArrivals():
            cv = weibull_cv(arrivals.shape) if arrivals.shape is not None else arrivals.cv or 0.0
            return [(cv, weibull_cv(MAX_WEIBULL_SHAPE), weibull_cv(MIN_WEIBULL_SHAPE))]
        case ParetoArrivals():
            cv = arrivals.cv or pareto_cv(arrivals.shape or 0.0)
            return [(cv, MIN_CV, MAX_CV)] if math.isfinite(cv) else []
    return []


def factors_of_cv(arrivals: ArrivalsSpec) -> tuple[float, float]:
    """Return the smallest and largest factor that every CV of a process can be scaled by."""
    limits = cv_limits(arrivals)
    smallest = max((low / cv for cv, low, _ in limits), default=0.0)
    largest = min((high / cv for cv, _, high in limits), default=math.inf)
    return smallest * (1 + SPARE), largest * (1 - SPARE)


def with_cv_scaled(arrivals: ArrivalsSpec, factor: float) -> ArrivalsSpec:
    """Return a process with every CV that it has multiplied, and the rest as it is.

    Parameters
    ----------
    arrivals
        The process.
    factor
        Within `factors_of_cv`.
    """
    if isinstance(arrivals, PiecewiseArrivals):
        windows = tuple(
            window
            if window.arrivals is None
            else window.model_copy(update={"arrivals": with_cv_scaled(window.arrivals, factor)})
            for window in arrivals.windows
        )
        return arrivals.model_copy(update={"windows": windows})
    limits = cv_limits(arrivals)
    if not limits:
        return arrivals
    ((cv, _, _),) = limits
    other = {} if isinstance(arrivals, GammaArrivals) else {"shape": None}
    return arrivals.model_copy(update={"cv": cv * factor, **other})
