"""The method `auto`: plans for windows, and a dynamic program that changes them where it pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.located_errors import located_errors
from alpaplan.planning.provenance import schedule_provenance_of
from alpaplan.planning.runs import arrivals_for
from alpaplan.planning.schedules.arrivals import (
    in_window,
    period_s,
    recorded_arrivals,
    with_measured_windows,
)
from alpaplan.planning.schedules.document import schedule_document, windows_of_schedule
from alpaplan.planning.schedules.fewer_devices import on_fewer_devices
from alpaplan.planning.schedules.results import Figure, Scheduled
from alpaplan.planning.schedules.searches import Found, Search, arrivals_of, search_all
from alpaplan.planning.schedules.settings import ScheduleSettings, require_few_windows
from alpaplan.planning.tasks import TaskRunner
from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.costs import has_costs
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.loading import describe_loads, with_free_loads
from alpaplan.search.schedules.dynamic import Cost, cheapest_path
from alpaplan.search.schedules.judged import attained_by, cost_until, device_hours
from alpaplan.search.schedules.placed import GroupNames, Placed, place, schedule_of
from alpaplan.search.schedules.weighing import Weighing, WindowOfTime
from alpaplan.workload.arrival_sets import require_arrivals
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class Day:
    """The time to plan for.

    Parameters
    ----------
    inputs
        Processes of all models over all the time; nothing is recorded.
    edges_s
        Where windows begin, and where the last one ends.
    training, unseen
        Arrivals to weigh placements on, and those that the schedule is judged by.
    """

    inputs: Inputs
    edges_s: tuple[float, ...]
    training: Trace
    unseen: Trace

    @property
    def span(self) -> tuple[float, float]:
        """When it begins and ends."""
        return 0.0, self.edges_s[-1]

    def windows(self) -> list[WindowOfTime]:
        """Return the windows, with the training arrivals of each."""
        return [
            WindowOfTime(start_s, end_s, self.training.window(start_s, end_s))
            for start_s, end_s in pairwise(self.edges_s)
        ]


def auto_schedule(
    inputs: Inputs, settings: ScheduleSettings, folder: Path, runner: TaskRunner
) -> Scheduled:
    """Plan for each window and for all of them, and change the placement where that pays.

    Candidates of a window are its own plan, those of its neighbors and the one for all windows;
    where fewer devices are worth something, each also without the groups that the window has no
    use for. What they attain is weighed on arrivals that no plan was searched on.

    Parameters
    ----------
    inputs
        What to plan; recorded arrivals become processes window by window, and judge the schedule.
    settings
        Windows, what devices are worth, and how much to search.
    folder
        Where the schedule goes.
    runner
        Runs the searches.

    Raises
    ------
    AlpaplanError
        If nothing says how long to plan for, some arrivals alone are recorded, or requests have a
        value and nodes have no cost.
    InfeasibleError, InputError, SpecError
        As `alpaplan.planning.plan.plan`.
    """
    found = plan_windows(inputs, settings, runner)
    chosen = found.chosen(inputs.problem, settings)
    provenance = schedule_provenance_of(inputs, settings, folder)
    document = schedule_document(inputs, chosen, provenance)
    day = found.day
    windows = windows_of_schedule(inputs.problem, chosen, day.unseen, day.edges_s[-1])
    return Scheduled(document, found.figures(inputs.problem, chosen), windows)


@dataclass(frozen=True)
class PlannedWindows:
    """A plan for each window, and one for all of them, on devices that suit each other.

    Parameters
    ----------
    day
        The time that is planned for.
    static
        Plans for all windows: the best, and those on fewer devices or in smaller groups, which can
        be left out one by one.
    each
        The plan of each window.
    """

    day: Day
    static: tuple[Placed, ...]
    each: tuple[Placed, ...]

    def chosen(self, problem: PlacementProblem, settings: ScheduleSettings) -> Schedule:
        """Return the schedule that a dynamic program chooses.

        Parameters
        ----------
        problem
            The problem, with the load times that count.
        settings
            What devices are worth.
        """
        weighing = _weighing(problem, settings)
        windows = self.day.windows()
        candidates = _candidates(weighing, windows, self.static, self.each)
        costs: dict[tuple[object, ...], Cost] = {}

        def cost(number: int, before: Placed | None, now: Placed) -> Cost:
            key = (number, None if before is None else before.key(), now.key())
            if key not in costs:
                costs[key] = weighing.cost(windows[number], before, now)
            return costs[key]

        return schedule_of(self.day.edges_s, cheapest_path(candidates, cost))

    def figures(self, problem: PlacementProblem, chosen: Schedule) -> tuple[Figure, ...]:
        """Return what placements attain on arrivals that none of them was made from."""
        static = schedule_of(self.day.edges_s[:1], self.static[:1])
        each = schedule_of(self.day.edges_s, self.each)
        free, loads = with_free_loads(problem), describe_loads(problem)
        rows = [
            ("one plan for all windows", static, problem, "nothing to load"),
            ("planned for each window", each, free, "0 s"),
        ]
        if loads is not None:
            rows.append(("planned for each window", each, problem, loads))
        rows.append(("the schedule", chosen, problem, loads or "0 s"))
        return tuple(
            Figure(
                name,
                "other arrivals",
                seconds,
                attained_by(on, schedule, self.day.unseen),
                device_hours(schedule, self.day.edges_s[-1]),
                cost_until(on, schedule, self.day.edges_s[-1]),
            )
            for name, schedule, on, seconds in rows
        )


def plan_windows(inputs: Inputs, settings: ScheduleSettings, runner: TaskRunner) -> PlannedWindows:
    """Plan for each window, and for all of them; load times play no part in it yet.

    Parameters
    ----------
    inputs, settings, runner
        See `auto_schedule`, which says what it raises.
    """
    if settings.request_value is not None and not has_costs(inputs.problem):
        raise AlpaplanError(
            "with a value of requests, a node pool must have a cost_per_hour, found none"
        )
    day = _day(inputs, settings)
    with located_errors(workload=inputs.files.workload):
        require_arrivals(arrivals_of(day.inputs, *day.span, settings.seed))
    problem, movable, windows = inputs.problem, day.inputs.movable(), day.windows()
    smaller = [movable]
    if _weighing(problem, settings).frees_devices():
        smaller += (each.movable() for each in on_fewer_devices(day.inputs))
    busy = [window for window in windows if window.trace.num_requests]
    searches = [Search(each, movable, *day.span) for each in smaller]
    searches += (
        Search(in_window(movable, each.start_s, each.end_s), movable, each.start_s, each.end_s)
        for each in busy
    )
    found = search_all(searches, settings, runner)
    names = GroupNames()
    static = place(problem, found[0].required(), names, None)
    small = tuple(_placed_on_fewer(problem, smaller[1:], found[1 : len(smaller)], names, static))
    own = {window.start_s: each for window, each in zip(busy, found[len(smaller) :], strict=True)}
    planned: list[Placed] = []
    for window in windows:
        each = own.get(window.start_s)
        # A window may turn out to have hardly any requests.
        placement = each.required() if each is not None and each.had_arrivals else static.placement
        planned.append(place(problem, placement, names, planned[-1] if planned else static))
    return PlannedWindows(day, (static, *small), tuple(planned))


def _weighing(problem: PlacementProblem, settings: ScheduleSettings) -> Weighing:
    return Weighing(problem, settings.target, settings.device_cost, settings.request_value)


def _day(inputs: Inputs, settings: ScheduleSettings) -> Day:
    recorded = recorded_arrivals(inputs) if settings.trace is None else settings.trace.trace
    duration_s = settings.duration_s or period_s(inputs, recorded)
    if duration_s is None:
        raise AlpaplanError(
            "nothing changes over time in the workload's arrivals: say how much time to plan for "
            "with --duration, or give arrivals with windows or a trace"
        )
    starts_s = settings.starts_s
    if settings.window_s is not None:
        require_few_windows(duration_s / settings.window_s, settings.window_s)
        starts_s = tuple(np.arange(0.0, duration_s, settings.window_s).tolist())
    edges_s = (*(start_s for start_s in starts_s if start_s < duration_s), duration_s)
    measured = inputs
    if recorded is not None:
        measured = with_measured_windows(inputs, recorded, edges_s)
        recorded = recorded.window(0.0, duration_s)
    training = measured.workload.sample(duration_s, settings.seed + 1)
    if settings.judged_by is not None:
        unseen = arrivals_for(inputs, settings.judged_by).window(0.0, duration_s)
    else:
        unseen = recorded or measured.workload.sample(duration_s, settings.seed + 2)
    names = inputs.problem.model_names
    return Day(measured, edges_s, training.for_models(names), unseen.for_models(names))


def _placed_on_fewer(
    problem: PlacementProblem,
    smaller: Sequence[Inputs],
    found: Sequence[Found],
    names: GroupNames,
    like: Placed,
) -> Iterator[Placed]:
    """Yield plans for all windows on a part of each node's devices, or in small groups.

    Large groups come as a whole or not at all, also where half of the devices would do.
    """
    number = {_named_shape(problem, index): index for index in range(len(problem.shapes))}
    for inputs, each in zip(smaller, found, strict=True):
        placement = each.placement
        if placement is None:
            continue
        shapes = [number[_named_shape(inputs.problem, at)] for at in placement.shapes.tolist()]
        if assign_devices(problem, shapes) is None:
            continue
        renumbered = replace(placement, shapes=np.array(shapes, dtype=np.int64))
        yield place(problem, renumbered, names, like)


def _named_shape(problem: PlacementProblem, shape: int) -> tuple[str, int, int]:
    """Return a shape as problems with fewer pools have it, too."""
    found = problem.shapes[shape]
    return problem.pools[found.pool].name, found.intra_op, found.inter_op


def _candidates(
    weighing: Weighing,
    windows: Sequence[WindowOfTime],
    static: Sequence[Placed],
    planned: Sequence[Placed],
) -> list[list[Placed]]:
    """Return the candidates of each window: its own, its neighbors', and the one for all."""
    own = [[each] for each in planned]
    if weighing.frees_devices():
        own = [
            [each, *(weighing.pruned(window, base) for base in (each, *static))]
            for window, each in zip(windows, planned, strict=True)
        ]
    found = []
    for number in range(len(windows)):
        near = [each for some in own[max(0, number - 1) : number + 2] for each in some]
        found.append(list({each.key(): each for each in (*static, *near)}.values()))
    return found
