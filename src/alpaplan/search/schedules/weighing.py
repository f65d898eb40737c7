"""What placements are worth in a window of time, and what a change to them costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.problem.costs import cost_per_hour, has_costs
from alpaplan.search.schedules.dynamic import Cost
from alpaplan.search.schedules.judged import bytes_loaded
from alpaplan.search.schedules.placed import Placed, schedule_of
from alpaplan.simulator import ScheduleSimulator, Simulator
from alpaplan.workload.trace import Trace

MIN_GAIN = 0.001
"""What a change that loads has to gain at least (a fraction of its window's requests; 0 to 0.01):
less is as likely luck of the arrivals that it was weighed on."""

_HOUR_S = 3600.0


@dataclass(frozen=True)
class WindowOfTime:
    """A window, and arrivals of it to weigh placements on.

    Parameters
    ----------
    start_s, end_s
        When it is.
    trace
        Requests that arrive then.
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
        Attainment that each window is to have on as few devices as that takes; None: as many
        requests as can be had.
    device_cost
        Requests that a device must attain in an hour to be worth its while.
    request_value
        What an attained request is worth, in the currency of the nodes' cost; None if that is only
        looked at between equals.
    """

    problem: PlacementProblem
    target: float | None
    device_cost: float = 0.0
    request_value: float | None = None

    def frees_devices(self) -> bool:
        """Whether fewer devices or nodes are worth anything."""
        return self.target is not None or self.device_cost > 0 or self.request_value is not None

    def cost(self, window: WindowOfTime, before: Placed | None, now: Placed) -> Cost:
        """Return what a window costs with a placement, if another was current before it.

        The groups are idle when the window begins, so that loads begin at once.
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
        return Cost(missed, paid, device_hours, float(loaded))

    def pruned(self, window: WindowOfTime, placed: Placed) -> Placed:
        """Return a placement without the groups that a window has no use for.

        One after the other the group goes whose loss costs least, as long as that is a gain; where
        nodes are paid for, also all groups of a node together.
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
        """Yield groups that may go together, not all of them."""
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
