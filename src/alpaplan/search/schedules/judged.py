"""What schedules attain on given arrivals, and what they load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.costs import cost_per_hour, has_costs
from alpaplan.problem.engine_service import kv_tokens
from alpaplan.problem.memory_rule import weight_bytes
from alpaplan.problem.schedule import lives_of_groups
from alpaplan.simulator import ScheduleSimulator, Simulator
from alpaplan.simulator.evaluation import ratio
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class Attained:
    """Requests, and those that were attained."""

    requests: int
    attained: int

    @property
    def slo_attainment(self) -> float:
        """Fraction attained; NaN if there were no requests."""
        return ratio(self.attained, self.requests)


def attained_by(problem: PlacementProblem, schedule: Schedule, trace: Trace) -> Attained:
    """Simulate a schedule on a trace, with the load times of the problem."""
    counts = ScheduleSimulator(problem, trace).replay(schedule).replay.evaluation
    return Attained(trace.num_requests, int(counts.attained.sum()))


def attained_by_windows(
    problem: PlacementProblem, schedule: Schedule, trace: Trace, windows: tuple[slice, ...]
) -> Attained:
    """Simulate each window by itself, on the idle groups of its placement.

    A real schedule behaves otherwise: here, what still runs at a change takes no time after it.
    """
    attained = sum(
        int(Simulator(problem, trace.take(rows)).evaluate(placement).attained.sum())
        for placement, rows in zip(schedule.placements, windows, strict=False)
    )
    return Attained(trace.num_requests, attained)


def bytes_loaded(problem: PlacementProblem, schedule: Schedule) -> tuple[int, ...]:
    """Return the bytes to load at the start of each placement; 0 for the first."""
    of_replica = weight_bytes(problem)[:, problem.profile_of_model]
    _, numbers = lives_of_groups(schedule)
    caches = [kv_tokens(problem, placement) for placement in schedule.placements]
    found = [0]
    for index in range(1, schedule.num_placements):
        before, now = schedule.placements[index - 1], schedule.placements[index]
        position = {number: group for group, number in enumerate(numbers[index - 1].tolist())}
        total = 0
        for group, number in enumerate(numbers[index].tolist()):
            added = now.replicas[group]
            if number in position:
                same = position[number]
                # An engine with another cache is another engine.
                is_same = caches[index][group] == caches[index - 1][same]
                added = added & ~(before.replicas[same] & is_same)
            total += int(of_replica[now.shapes[group]] @ added)
        found.append(total)
    return tuple(found)


def devices_in_use(schedule: Schedule) -> tuple[int, ...]:
    """Return the number of devices with replicas in each placement."""
    return tuple(
        sum(len(own) for own, used in zip(devices, np.any(p.replicas, axis=1), strict=True) if used)
        for p, devices in zip(schedule.placements, schedule.devices, strict=True)
    )


def device_hours(schedule: Schedule, end_s: float) -> float:
    """Return the hours until a time that devices have replicas, summed over the devices."""
    return float(hours_of_placements(schedule, end_s) @ np.array(devices_in_use(schedule)))


def hours_of_placements(schedule: Schedule, end_s: float) -> NDArray[np.float64]:
    """Return the hours until a time that each placement is current, ``float64[P]``."""
    edges_s = np.minimum(np.append(schedule.start_s, end_s), end_s)
    return np.asarray(np.diff(edges_s) / 3600.0)


def costs_per_hour(problem: PlacementProblem, schedule: Schedule) -> tuple[float, ...] | None:
    """Return the hourly cost of the nodes in use in each placement; None if no pool states costs.

    Devices of the schedule must be triples of pool, node and device.
    """
    if not has_costs(problem):
        return None
    found = []
    for placement, devices in zip(schedule.placements, schedule.devices, strict=True):
        used = placement.in_use.tolist()
        listed = cast("tuple[frozenset[tuple[int, int, int]], ...]", devices)
        nodes = (device[:2] for group in used for device in listed[group])
        found.append(cost_per_hour(problem, nodes))
    return tuple(found)


def cost_until(problem: PlacementProblem, schedule: Schedule, end_s: float) -> float | None:
    """Return the cost of the nodes in use until a time; None if no pool states costs."""
    found = costs_per_hour(problem, schedule)
    return None if found is None else float(hours_of_placements(schedule, end_s) @ np.array(found))
