"""One of each arrival process, of mild and of wild kind, for tests that all must pass."""

from __future__ import annotations

from alpaplan.workload.arrivals import ArrivalProcess
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.renewal import (
    Deterministic,
    Gamma,
    Pareto,
    Poisson,
    RenewalProcess,
    Weibull,
    pareto_shape,
    weibull_shape,
)

RANDOM_RENEWAL: dict[str, RenewalProcess] = {
    "poisson": Poisson(5.0),
    "gamma-0.5": Gamma(5.0, 0.5),
    "gamma-4": Gamma(5.0, 4.0),
    "weibull-0.5": Weibull(5.0, weibull_shape(0.5)),
    "weibull-3": Weibull(5.0, weibull_shape(3.0)),
    "pareto-0.3": Pareto(5.0, pareto_shape(0.3)),
    "pareto-4": Pareto(5.0, pareto_shape(4.0)),
}

BURSTY = Mmpp(state_rates_rps=(40.0, 0.0, 4.0), mean_durations_s=(0.5, 2.0, 1.0))

ALL: dict[str, ArrivalProcess] = {
    **RANDOM_RENEWAL,
    "deterministic": Deterministic(5.0),
    "mmpp": BURSTY,
    "piecewise": Piecewise((3.0, 1.5, 2.0), (Gamma(5.0, 4.0), None, BURSTY)),
}
