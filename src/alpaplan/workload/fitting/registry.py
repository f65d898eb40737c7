"""The laws that can be fitted, and the choice between them.

A new law needs a file of its own, a line here, and its name in the option ``--process``.
"""

from __future__ import annotations

from alpaplan.workload.fitting.gamma import GAMMA
from alpaplan.workload.fitting.law import Fit, Law
from alpaplan.workload.fitting.mmpp import MMPP
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.poisson import POISSON
from alpaplan.workload.fitting.weibull import WEIBULL

LAWS: dict[str, Law] = {"poisson": POISSON, "gamma": GAMMA, "weibull": WEIBULL, "mmpp": MMPP}
"""Name, as in a workload document -> law; of equally good ones the first is taken."""


def fit_observation(observation: Observation, process: str) -> Fit:
    """Fit the named law, or with ``auto`` all of them, and take the one with the smallest BIC.

    Laws that need more requests than there are give way to Poisson.
    """
    names = tuple(LAWS) if process == "auto" else (process,)
    laws = [LAWS[name] for name in names if LAWS[name].min_requests <= observation.num_requests]
    return min((law.fit(observation) for law in laws or [POISSON]), key=lambda fit: fit.bic)
