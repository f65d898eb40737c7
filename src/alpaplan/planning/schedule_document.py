"""A schedule document as the placements that it describes."""

from __future__ import annotations

import numpy as np

from alpaplan.files.document import Document
from alpaplan.planning.placements import placement_of_groups
from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import PlanSpec, Provenance
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec


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


def plan_of_placement(
    document: ScheduleSpec, index: int, provenance: Provenance | None = None
) -> PlanSpec:
    """Return the plan that one placement of a schedule is.

    Parameters
    ----------
    document, index
        The schedule, and the number of the placement.
    provenance
        Where the plan comes from, for another folder than the schedule's; None: as the schedule.
    """
    only = len(document.placements) == 1
    return PlanSpec(
        kind="placement-plan",
        version=1,
        provenance=provenance or document.provenance,
        prediction=document.prediction if only else None,
        groups=document.placements[index].groups,
        routing=document.routing,
        models=document.models if only else (),
    )


def placements_as_plans(
    document: Document[PlanOrSchedule],
) -> tuple[tuple[float, Document[PlanSpec]], ...]:
    """Return when each placement of a schedule begins, and it as a plan in the schedule's file.

    A plan is a schedule with one placement, which begins at 0.
    """
    spec = document.spec
    if isinstance(spec, PlanSpec):
        return ((0.0, Document(document.path, spec, document.sha256, document.root)),)
    return tuple(
        (
            placement.start_s,
            Document(
                document.path,
                plan_of_placement(spec, index),
                document.sha256,
                document.root.inner("placements", index),
            ),
        )
        for index, placement in enumerate(spec.placements)
    )
