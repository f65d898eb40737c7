"""Small plans from specs made in memory, for tests of what comes after a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import Planned, plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.choices import UnseenSource
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.arrival_sets import ArrivalSets
from alpaplan.workload.sampling import sample_trace
from tests import builders as make


def small_arrival_sets(
    models: Sequence[ServedModel], duration_s: float = 60.0, seed: int = 0
) -> ArrivalSets:
    """Return samples of some hundred requests."""
    training, *others = (
        sample_trace(models, duration_s, own) for own in np.random.default_rng(seed).spawn(6)
    )
    screening = training.window(0.0, duration_s / 3)
    return ArrivalSets(
        training, screening, tuple(others[:2]), tuple(others[2:]), UnseenSource.SAMPLED
    )


def solved(
    models: Sequence[Mapping[str, object]] = (),
    profiles: Sequence[ModelProfileSpec] = (),
    cluster: ClusterSpec | None = None,
    method: str = "greedy",
    max_evaluations: int = 40,
) -> Planned:
    """Plan a few models on a few arrivals; by default two on one node of four devices."""
    workload = make.workload(*(models or [make.model("m0"), make.model("m1", rate_rps=5.0)]))
    by_name = {profile.name: profile for profile in (profiles or [make.profile()])}
    inputs = Inputs.of_specs(cluster or make.cluster(), workload, by_name)
    settings = PlanSettings(method=method, max_evaluations=max_evaluations, jobs=1)
    return plan(inputs, settings, arrivals=small_arrival_sets(inputs.workload.models))
