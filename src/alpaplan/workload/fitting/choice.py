"""The choice between the laws that can be fitted."""

from __future__ import annotations

from alpaplan.workload.fitting import LAWS
from alpaplan.workload.fitting.law import Fit
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.poisson import POISSON


def fit_observation(observation: Observation, process: str) -> Fit:
    """Fit the named law, or with ``auto`` all of them, and take the one with the smallest BIC.

    Laws that need more requests than there are give way to Poisson.
    """
    names = tuple(LAWS) if process == "auto" else (process,)
    laws = [LAWS[name] for name in names if LAWS[name].min_requests <= observation.num_requests]
    return min((law.fit(observation) for law in laws or [POISSON]), key=lambda fit: fit.bic)
