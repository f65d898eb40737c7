"""The one place where the spec of an arrival process becomes the process.

A new process needs its class and one function here.
"""

from __future__ import annotations

import math
from functools import singledispatch

from alpaplan.specs.arrivals import (
    DeterministicArrivals,
    GammaArrivals,
    MmppArrivals,
    ParetoArrivals,
    PiecewiseArrivals,
    PoissonArrivals,
    WeibullArrivals,
)
from alpaplan.workload.arrivals.base import ArrivalProcess
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.renewal import (
    Deterministic,
    Gamma,
    Pareto,
    Poisson,
    Weibull,
    pareto_shape,
    weibull_shape,
)


@singledispatch
def process_of(arrivals: object) -> ArrivalProcess:
    """Make the process that a spec describes, for one model.

    Raises
    ------
    TypeError
        For recorded arrivals (`TraceArrivals`), which are not a process.
    """
    raise TypeError(f"no arrival process for {type(arrivals).__name__}")


@process_of.register
def _(arrivals: DeterministicArrivals) -> ArrivalProcess:
    return Deterministic(arrivals.share_rps(0, 1))


@process_of.register
def _(arrivals: PoissonArrivals) -> ArrivalProcess:
    return Poisson(arrivals.share_rps(0, 1))


@process_of.register
def _(arrivals: GammaArrivals) -> ArrivalProcess:
    return Gamma(arrivals.share_rps(0, 1), arrivals.cv)


# The specs hold that exactly one of cv and shape is there.
@process_of.register
def _(arrivals: WeibullArrivals) -> ArrivalProcess:
    shape = arrivals.shape if arrivals.cv is None else weibull_shape(arrivals.cv)
    return Weibull(arrivals.share_rps(0, 1), shape or math.nan)


@process_of.register
def _(arrivals: ParetoArrivals) -> ArrivalProcess:
    shape = arrivals.shape if arrivals.cv is None else pareto_shape(arrivals.cv)
    return Pareto(arrivals.share_rps(0, 1), shape or math.nan)


@process_of.register
def _(arrivals: MmppArrivals) -> ArrivalProcess:
    return Mmpp(
        tuple(state.rate_rps for state in arrivals.states),
        tuple(state.mean_duration_s for state in arrivals.states),
    )


@process_of.register
def _(arrivals: PiecewiseArrivals) -> ArrivalProcess:
    return Piecewise(
        tuple(window.duration_s for window in arrivals.windows),
        tuple(
            None if window.arrivals is None else process_of(window.arrivals)
            for window in arrivals.windows
        ),
    )
