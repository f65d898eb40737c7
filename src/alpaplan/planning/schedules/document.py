"""A schedule as its document."""

from __future__ import annotations

from collections.abc import Hashable
from typing import cast

import numpy as np

from alpaplan.planning.document import replicas_of_group
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.schedules.results import WindowOfSchedule
from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.search.schedules.judged import (
    Attained,
    bytes_loaded,
    costs_per_hour,
    devices_in_use,
    hours_of_placements,
)
from alpaplan.simulator import ScheduleSimulator, placement_statistics
from alpaplan.specs.plan import GroupSpec, NodeDevices, Provenance, Routing
from alpaplan.specs.schedule import PlacementSpec, ScheduleSpec
from alpaplan.workload.trace import Trace


def schedule_document(inputs: Inputs, schedule: Schedule, provenance: Provenance) -> ScheduleSpec:
    """Return the document of a schedule whose devices are numbers of pool, node and device.

    Raises
    ------
    RuntimeError
        If the independent checker finds something wrong with it.
    """
    placements = tuple(
        PlacementSpec(start_s=start_s, groups=_groups(inputs, schedule, index))
        for index, start_s in enumerate(schedule.start_s.tolist())
    )
    document = ScheduleSpec(
        kind="placement-schedule",
        version=1,
        provenance=provenance,
        placements=placements,
        routing=Routing(dispatch=inputs.problem.dispatch),
    )
    issues = inputs.issues_of(document)
    if issues:
        found = "; ".join(issue.message for issue in issues)
        raise RuntimeError(f"the schedule fails its own check: {found}")
    return document


def windows_of_schedule(
    problem: PlacementProblem, schedule: Schedule, trace: Trace, end_s: float
) -> tuple[WindowOfSchedule, ...]:
    """Return what each placement of a schedule does on a trace until its end, and what it takes."""
    replay = ScheduleSimulator(problem, trace).replay(schedule).replay
    num_devices = sum(pool.num_devices for pool in problem.pools)
    paid = costs_per_hour(problem, schedule) or (None,) * schedule.num_placements
    hours = hours_of_placements(schedule, end_s).tolist()
    return tuple(
        WindowOfSchedule(
            start_s=found.start_s,
            attained=Attained(found.requests, found.attained),
            devices=devices,
            free_devices=num_devices - devices,
            loaded_bytes=loaded,
            cost_per_hour=per_hour,
            cost=None if per_hour is None else per_hour * length,
        )
        for found, devices, loaded, per_hour, length in zip(
            placement_statistics(schedule.start_s, trace, replay),
            devices_in_use(schedule),
            bytes_loaded(problem, schedule),
            paid,
            hours,
            strict=True,
        )
    )


def _groups(inputs: Inputs, schedule: Schedule, index: int) -> tuple[GroupSpec, ...]:
    problem, placement = inputs.problem, schedule.placements[index]
    groups = []
    for group, name in enumerate(schedule.names[index]):
        shape = problem.shapes[placement.shapes[group]]
        groups.append(
            GroupSpec(
                name=name,
                device=problem.pools[shape.pool].device,
                intra_op=shape.intra_op,
                inter_op=shape.inter_op,
                devices=_node_devices(problem, schedule.devices[index][group]),
                replicas=tuple(replicas_of_group(inputs, placement.take(np.array([group])))),
            )
        )
    return tuple(groups)


def _node_devices(
    problem: PlacementProblem, devices: frozenset[Hashable]
) -> tuple[NodeDevices, ...]:
    of_node: dict[tuple[int, int], list[int]] = {}
    for pool, node, device in sorted(cast("frozenset[tuple[int, int, int]]", devices)):
        of_node.setdefault((pool, node), []).append(device)
    return tuple(
        NodeDevices(node=f"{problem.pools[pool].name}-{node}", devices=tuple(own))
        for (pool, node), own in of_node.items()
    )
