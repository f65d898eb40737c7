"""The plan that runs now, as where the search for the next one starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.document import Document
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.problem.devices import DeviceSpan
from alpaplan.problem.near_devices import Spans
from alpaplan.search.running import PlacementOnDevices, Running
from alpaplan.specs.plan import GroupSpec, PlanSpec, StartRecord

DEFAULT_MOVE_COST = 1.0
"""Points of SLO attainment that loading as many weights as run now has to gain (points; 0 to 20):
a tenth of the fleet moves for a tenth of a point, all of it only for a whole one."""


@dataclass(frozen=True)
class StartPlan:
    """A plan that runs, and what moving away from it costs.

    Parameters
    ----------
    plan
        The plan.
    sha256
        Hash of its file.
    move_cost
        Points of SLO attainment for loading as many weights as run.
    """

    plan: PlanSpec
    sha256: str
    move_cost: float = DEFAULT_MOVE_COST

    @classmethod
    def of(cls, document: Document[PlanSpec], move_cost: float | None = None) -> StartPlan:
        """Return the plan of a file."""
        cost = DEFAULT_MOVE_COST if move_cost is None else move_cost
        return cls(document.spec, document.sha256, cost)

    def record(self) -> StartRecord:
        """Return what a plan's provenance says of it."""
        return StartRecord(sha256=self.sha256, move_cost=self.move_cost)

    def running(self, inputs: Inputs) -> Running:
        """Return what of it is part of the problem that inputs are.

        Groups on nodes, of shapes, and replicas of models that are no longer there are left out;
        and replicas for which there is no room any more.
        """
        spans = _Spans(inputs)
        groups = []
        for group in self.plan.groups:
            known = _fitting(inputs, group)
            if known.replicas and spans.of(known):
                groups.append(known)
        plan = PlanSpec(kind="placement-plan", version=1, groups=tuple(groups))
        placement = placement_of_plan(inputs.problem, inputs.cluster, plan)
        placed = PlacementOnDevices(placement, tuple(spans.of(group) for group in groups))
        return Running(placed, self._is_current(inputs), self.move_cost / 100)

    def _is_current(self, inputs: Inputs) -> NDArray[np.bool_]:
        """Return whether the replicas of each model run the profile that it has now."""
        before = recorded_profiles(self.plan)
        profile_of = {model.name: model.profile for model in self.plan.models}
        documents = inputs.files.profiles
        return np.array(
            [
                profile_of.get(model.name, model.profile) == model.profile
                and (
                    model.profile not in before
                    or model.profile not in documents
                    or before[model.profile] == documents[model.profile].sha256
                )
                for model in inputs.workload.models
            ],
            dtype=np.bool_,
        )


def _fitting(inputs: Inputs, group: GroupSpec) -> GroupSpec:
    """Return a group with those of its replicas that can be there now."""
    models = {model.name for model in inputs.workload.models}
    replicas = [replica for replica in group.replicas if replica.model in models]
    while replicas:
        kept = group.model_copy(update={"replicas": tuple(replicas)})
        alone = PlanSpec(kind="placement-plan", version=1, groups=(kept,))
        issues = [issue for issue in inputs.issues_of(alone) if issue.where[:1] == ("groups",)]
        if not issues:
            return kept
        if all(issue.where[2:3] != ("replicas",) for issue in issues):
            break
        wrong = {issue.where[3] for issue in issues if len(issue.where) > 3}
        replicas = [r for n, r in enumerate(replicas) if n not in wrong] if wrong else replicas[:-1]
    return group.model_copy(update={"replicas": ()})


class _Spans:
    """Devices of groups as the search has them: consecutive ones of each node."""

    def __init__(self, inputs: Inputs) -> None:
        self._place = {
            pool.node_name(node): (index, node)
            for index, pool in enumerate(inputs.cluster.node_pools)
            for node in range(pool.num_nodes)
        }

    def of(self, group: GroupSpec) -> Spans:
        """Return the spans of a group; none if its devices do not follow each other."""
        spans = []
        for item in group.devices:
            first, count = item.devices[0], len(item.devices)
            if item.devices != tuple(range(first, first + count)):
                return ()
            spans.append(DeviceSpan(*self._place[item.node], first, count))
        return tuple(spans)


def recorded_profiles(plan: PlanSpec) -> dict[str, str]:
    """Return profile -> hash, as a plan's provenance has them.

    A profile's file is taken to be called as the profile is.
    """
    records = () if plan.provenance is None else plan.provenance.inputs
    return {
        record.name or PurePosixPath(record.path or "").stem: record.sha256
        for record in records
        if record.role == "profile"
    }
