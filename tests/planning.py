"""Small searches from documents to results, for tests of what comes after a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alpaplan.export.plan import plan_document
from alpaplan.problem import PlacementProblem
from alpaplan.problem.build import build_problem
from alpaplan.search.planner import PlanResult, solve
from alpaplan.specs import ClusterSpec, ModelProfileSpec, WorkloadSpec
from alpaplan.specs.plan import PlanSpec, Provenance
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.arrival_sets import ArrivalSets
from alpaplan.workload.sampling import sample_trace
from tests import builders as make

PROVENANCE = Provenance(alpaplan="0.1.0", method="greedy", seed=0)


@dataclass(frozen=True)
class Solved:
    """The documents of a problem, and what a search made of them."""

    cluster: ClusterSpec
    workload: WorkloadSpec
    profiles: dict[str, ModelProfileSpec]
    problem: PlacementProblem
    result: PlanResult
    plan: PlanSpec


def small_arrival_sets(
    models: Sequence[ServedModel], duration_s: float = 60.0, seed: int = 0
) -> ArrivalSets:
    """Return samples of some hundred requests."""
    training, *others = (
        sample_trace(models, duration_s, own) for own in np.random.default_rng(seed).spawn(6)
    )
    screening = training.window(0.0, duration_s / 3)
    return ArrivalSets(training, screening, tuple(others[:2]), tuple(others[2:]), "sampled")


def solved(
    models: Sequence[Mapping[str, object]] = (),
    profiles: Sequence[ModelProfileSpec] = (),
    cluster: ClusterSpec | None = None,
    method: str = "greedy",
    max_evaluations: int = 40,
) -> Solved:
    """Plan a few models; by default two on one node of four devices."""
    cluster = cluster or make.cluster()
    workload = make.workload(*(models or [make.model("m0"), make.model("m1", rate_rps=5.0)]))
    by_name = {profile.name: profile for profile in (profiles or [make.profile()])}
    problem = build_problem(cluster, workload, by_name)
    result = solve(
        problem,
        small_arrival_sets(workload.served_models()),
        method,
        rng=np.random.default_rng(0),
        max_evaluations=max_evaluations,
    )
    plan = plan_document(problem, result, by_name, PROVENANCE, "sampled")
    return Solved(cluster, workload, by_name, problem, result, plan)
