"""A schedule document as the placements that it describes."""

from __future__ import annotations

import numpy as np

from alpaplan.planning.document import placement_of_groups
from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.schedule import ScheduleSpec


def schedule_of_document(
    problem: PlacementProblem, cluster: ClusterSpec, document: ScheduleSpec
) -> Schedule:
    """Return the placements that a schedule describes.

    The document has to be one that `alpaplan.problem.checker.check_schedule` finds nothing wrong
    with. Groups that never have replicas are left out: they serve nothing, and their configuration
    may be one that no profile lists. One that has some at another time goes on without them.
    """
    placements = document.placements
    used = {group.name for each in placements for group in each.groups if group.replicas}
    groups = [[group for group in each.groups if group.name in used] for each in placements]
    return Schedule(
        np.array([each.start_s for each in placements], dtype=np.float64),
        tuple(placement_of_groups(problem, cluster, each) for each in groups),
        tuple(tuple(group.name for group in each) for each in groups),
        tuple(
            tuple(
                frozenset((part.node, device) for part in group.devices for device in part.devices)
                for group in each
            )
            for each in groups
        ),
    )


def as_plan(document: ScheduleSpec) -> PlanSpec:
    """Return the plan that a schedule of one placement is."""
    (placement,) = document.placements
    return PlanSpec(
        kind="placement-plan",
        version=1,
        provenance=document.provenance,
        prediction=document.prediction,
        groups=placement.groups,
        routing=document.routing,
        models=document.models,
    )
