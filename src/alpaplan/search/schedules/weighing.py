"""Costs of placements in a window of time, and of a change to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.problem.costs import cost_per_hour, has_costs
from alpaplan.search.schedules.dynamic import Cost
from alpaplan.search.schedules.judged import bytes_loaded
from alpaplan.search.schedules.placed import Placed, num_lacking, schedule_of
from alpaplan.simulator import ScheduleSimulator, Simulator
from alpaplan.workload.trace import Trace

MIN_GAIN = 0.001
"""Least gain of a change that loads weights (a fraction of the window's requests; 0 to 0.01): less
may be luck with the arrivals that it was weighed on."""

_HOUR_S = 3600.0


@dataclass(frozen=True)
class WindowOfTime:
    """A window of time, and arrivals in it to weigh placements on.

    Parameters
    ----------
    start_s, end_s
        When it begins and ends.
    trace
        Requests that arrive in between.
    """

    start_s: float
    end_s: float
    trace: Trace

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end_s - self.start_s) / _HOUR_S


@dataclass(frozen=True)
class Weighing:
    """How attainment and devices are weighed against each other.

    Parameters
    ----------
    problem
        The problem, with its load times.
    target
        Attainment that each window needs, on as few devices as possible; None for as many attained
        requests as possible.
    device_cost
        Requests that a device must attain per hour to be worth its use.
    request_value
        Worth of an attained request, in the currency of the nodes' cost; None if costs only decide
        between equals.
    """

    problem: PlacementProblem
    target: float | None
    device_cost: float = 0.0
    request_value: float | None = None

    def frees_devices(self) -> bool:
        """Whether using fewer devices or nodes is worth anything."""
        return self.target is not None or self.device_cost > 0 or self.request_value is not None

    def cost(self, window: WindowOfTime, before: Placed | None, now: Placed) -> Cost:
        """Return the cost of a window with a placement, given the one that is current before it.

        All groups are taken to be idle when the window begins, so that loads begin at once.
        """
        if before is None or before.key() == now.key():
            simulator = Simulator(self.problem, window.trace)
            attained = int(simulator.evaluate(now.placement).attained.sum())
            return self._cost(window, attained, now, 0)
        start_s = max(window.start_s, np.nextafter(0.0, 1.0))
        schedule = schedule_of([0.0, start_s], [before, now])
        replay = ScheduleSimulator(self.problem, window.trace).replay(schedule).replay
        loaded = sum(bytes_loaded(self.problem, schedule))
        attained = int(replay.evaluation.attained.sum())
        return self._cost(window, attained, now, loaded)

    def _cost(self, window: WindowOfTime, attained: int, now: Placed, loaded: int) -> Cost:
        requests, device_hours = window.trace.num_requests, now.num_devices * window.hours
        paid = cost_per_hour(self.problem, now.nodes) * window.hours
        missed = float(requests - attained)
        if self.target is not None:
            missed = max(0.0, self.target * requests - attained)
        missed += self.device_cost * device_hours
        if self.request_value is not None:
            missed += paid / self.request_value
        if loaded and self.target is None:
            missed += MIN_GAIN * requests
        lacking = num_lacking(self.problem, now.placement, now.devices)
        return Cost(lacking, missed, paid, device_hours, float(loaded))

    def pruned(self, window: WindowOfTime, placed: Placed) -> Placed:
        """Return a placement without the groups that are not worth their cost in a window.

        The group whose removal costs least is removed, and so on, as long as that is a gain. If
        nodes have costs, all groups of a node may also be removed together.
        """
        best = placed
        spent = self.cost(window, None, best)
        while len(best.names) > 1:
            options = [best.without(groups) for groups in self._droppable(best)]
            costs = [self.cost(window, None, option) for option in options]
            index = min(range(len(options)), key=lambda number: costs[number])
            if costs[index] >= spent:
                break
            best, spent = options[index], costs[index]
        return best

    def _droppable(self, placed: Placed) -> Iterator[tuple[int, ...]]:
        """Yield sets of groups that may be removed together, but not all groups."""
        for group in range(len(placed.names)):
            yield (group,)
        if not has_costs(self.problem):
            return
        for node in sorted(placed.nodes):
            there = tuple(
                group
                for group, devices in enumerate(placed.devices)
                if any(device[:2] == node for device in devices)
            )
            if 1 < len(there) < len(placed.names):
                yield there
