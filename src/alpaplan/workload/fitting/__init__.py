"""Fitting arrival processes to recorded requests: the inverse of `alpaplan.workload.arrivals`.

The laws that can be fitted stand here by name: one file and one line below add a law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Registry

if TYPE_CHECKING:
    from alpaplan.workload.fitting.law import Law

LAWS: Registry[Law] = Registry(
    {
        "poisson": "alpaplan.workload.fitting.poisson:POISSON",
        "gamma": "alpaplan.workload.fitting.gamma:GAMMA",
        "weibull": "alpaplan.workload.fitting.weibull:WEIBULL",
        "mmpp": "alpaplan.workload.fitting.mmpp:MMPP",
    },
    what="arrival process",
)
"""Name, as in a workload document -> law; of equally good ones the first is taken."""
