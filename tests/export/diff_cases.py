"""Pairs of plans to roll out, from random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alpaplan.analysis.plan_diff import PlanDiff
from alpaplan.analysis.rollout import Floor, Pace, RolloutSettings
from alpaplan.export.diff.deployed import DeployedPlan
from alpaplan.export.diff.diff import diff_plans
from alpaplan.planning.inputs import Inputs
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders
from tests.export.replayed_diff import Document

PACE = Pace(2e9, 60.0, 5.0)


@dataclass(frozen=True)
class Side:
    """A plan with what it is made from."""

    plan: PlanSpec
    inputs: Inputs

    @property
    def deployed(self) -> DeployedPlan:
        return DeployedPlan.of_inputs(self.plan, "0" * 64, self.inputs)

    @property
    def document(self) -> Document:
        profile_of = {
            model.name: self.inputs.profiles[model.profile].model_dump()
            for model in self.inputs.workload.models
        }
        groups = [group.model_dump() for group in self.plan.groups]
        return Document(groups, profile_of, self.inputs.cluster.model_dump())


def diff_of(
    old: Side, new: Side, allow_outage: tuple[str, ...] = (), floor: Floor | None = None
) -> PlanDiff:
    """Return the diff of two sides, simulated for a few seconds."""
    settings = RolloutSettings(PACE, floor or Floor(), allow_outage)
    trace = new.inputs.workload.sample(5.0, 0)
    return diff_plans(old.deployed, new.deployed, new.inputs, trace, settings)


def side(
    groups: list[dict[str, Any]],
    profiles: list[ModelProfileSpec],
    models: list[dict[str, object]],
    *pools: dict[str, object],
    overhead: int = 0,
) -> Side:
    """Return a plan of some groups; it has to be valid."""
    by_name = {profile.name: profile for profile in profiles}
    inputs = Inputs.of_specs(
        builders.cluster(*pools, process_overhead_bytes=overhead),
        builders.workload(*models),
        by_name,
    )
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": groups})
    assert inputs.issues_of(plan) == []
    return Side(plan, inputs)


def group(
    name: str, first: int, intra_op: int, inter_op: int, *models: str, node: str = "n-0"
) -> dict[str, Any]:
    """Return a group of consecutive devices of one node."""
    indices = list(range(first, first + intra_op * inter_op))
    return {
        "name": name,
        "device": "gpu",
        "intra_op": intra_op,
        "inter_op": inter_op,
        "devices": [{"node": node, "devices": indices}],
        "replicas": [{"model": model} for model in models],
    }


@dataclass(frozen=True)
class Sizes:
    """How large random pairs are, and how tight.

    Parameters
    ----------
    nodes, devices_per_node, models
        Most of each.
    fill
        How many replicas are tried for each model and plan.
    llms
        Whether some models are LLMs.
    overhead
        Bytes of each process.
    """

    nodes: int
    devices_per_node: int
    models: int
    fill: float = 2.0
    llms: bool = False
    overhead: int = 0


def random_pair(rng: np.random.Generator, sizes: Sizes) -> tuple[Side, Side]:
    """Return two plans of one cluster; the later may have other nodes, models and profiles."""
    profiles = [
        builders.profile(
            f"p{number}",
            weight_bytes=int(rng.integers(1, 7)) * builders.GB,
            activation_bytes=int(rng.integers(0, 2)) * builders.GB // 2,
        )
        for number in range(3)
    ]
    profiles.append(builders.llm_profile("llm", weight_bytes=4 * builders.GB))
    names = [f"m{number}" for number in range(int(rng.integers(2, sizes.models + 1)))]
    is_llm = {name: sizes.llms and rng.random() < 0.5 for name in names}
    profile_of = {name: "llm" if is_llm[name] else f"p{rng.integers(3)}" for name in names}
    sides = []
    for _ in range(2):
        count = int(rng.integers(max(1, sizes.nodes - 1), sizes.nodes + 1))
        pool = builders.pool(count=count, devices_per_node=sizes.devices_per_node)
        here = [name for name in names if rng.random() < 0.9] or names[:1]
        models = [
            builders.llm_model(name, "llm", max_context_tokens=200)
            if is_llm[name]
            else builders.model(name, profile_of[name])
            for name in here
        ]
        by_name = {profile.name: profile for profile in profiles}
        inputs = Inputs.of_specs(
            builders.cluster(pool, process_overhead_bytes=sizes.overhead),
            builders.workload(*models),
            by_name,
        )
        sides.append(Side(_random_plan(rng, inputs, here, sizes), inputs))
        if rng.random() < 0.3 and not is_llm.get(here[0]):
            profile_of[here[0]] = f"p{rng.integers(3)}"
    return sides[0], sides[1]


def _random_plan(
    rng: np.random.Generator, inputs: Inputs, models: list[str], sizes: Sizes
) -> PlanSpec:
    groups: list[dict[str, Any]] = []
    for node in range(inputs.cluster.node_pools[0].num_nodes):
        first = 0
        while first < sizes.devices_per_node:
            room = sizes.devices_per_node - first
            shapes = [s for s in ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2)) if s[0] * s[1] <= room]
            intra_op, inter_op = shapes[rng.integers(len(shapes))]
            name = f"g{len(groups)}"
            groups.append(group(name, first, intra_op, inter_op, node=f"n-{node}"))
            first += intra_op * inter_op

    def plan() -> PlanSpec:
        return PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": groups})

    for number in range(int(sizes.fill * len(models)) + 1):
        model = models[number % len(models)]
        for index in rng.permutation(len(groups)).tolist():
            replicas = groups[index]["replicas"]
            if model in [replica["model"] for replica in replicas]:
                continue
            replicas.append({"model": model})
            if not inputs.issues_of(plan()):
                break
            replicas.pop()
    return plan()
