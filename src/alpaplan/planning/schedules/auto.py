"""The method `auto`: plans for windows, and a dynamic program that changes them where it pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import plan
from alpaplan.planning.provenance import schedule_provenance_of
from alpaplan.planning.runs import arrivals_for
from alpaplan.planning.schedules.arrivals import (
    in_window,
    period_s,
    recorded_arrivals,
    with_measured_windows,
)
from alpaplan.planning.schedules.document import schedule_document, windows_of_schedule
from alpaplan.planning.schedules.results import Figure, Scheduled
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.planning.settings import PlanSettings
from alpaplan.problem import Placement, Schedule
from alpaplan.problem.loading import describe_loads, with_free_loads
from alpaplan.search.schedules.dynamic import Cost, cheapest_path
from alpaplan.search.schedules.judged import attained_by, device_hours
from alpaplan.search.schedules.placed import GroupNames, Placed, place, schedule_of
from alpaplan.search.schedules.weighing import Weighing, WindowOfTime
from alpaplan.specs.choices import UnseenSource
from alpaplan.workload.arrival_sets import ArrivalSets, one_after_another
from alpaplan.workload.trace import Trace

STATIC_REQUESTS = 120_000
"""Requests that the plan for all windows is searched on (a count; 40,000 to 500,000), from all
windows in proportion; as `alpaplan.workload.arrival_sets.TRAINING_REQUESTS`."""

STATIC_RUNS = 4
"""Further such runs to decide on, and to predict from (a count; 2 to 10)."""


@dataclass(frozen=True)
class _Day:
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

    def windows(self) -> list[WindowOfTime]:
        return [
            WindowOfTime(start_s, end_s, self.training.window(start_s, end_s))
            for start_s, end_s in pairwise(self.edges_s)
        ]


def auto_schedule(inputs: Inputs, settings: ScheduleSettings, folder: Path) -> Scheduled:
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

    Raises
    ------
    AlpaplanError
        If there are LLMs, nothing says how long to plan for, or some arrivals alone are recorded.
    InfeasibleError, InputError, SpecError
        As `alpaplan.planning.plan.plan`.
    """
    if inputs.problem.engines is not None:
        raise AlpaplanError(
            "a schedule of LLMs cannot be planned: what becomes of requests that an engine runs "
            "when the placement changes is not settled"
        )
    day = _day(inputs, settings)
    problem, windows = inputs.problem, day.windows()
    weighing = Weighing(problem, settings.target, settings.device_cost)
    names = GroupNames()
    static = place(problem, _static_plan(day, settings), names, None)
    planned: list[Placed] = []
    for window in windows:
        own = in_window(day.inputs, window.start_s, window.end_s)
        found = _search(own, settings) if window.trace.num_requests else static.placement
        planned.append(place(problem, found, names, planned[-1] if planned else static))
    candidates = _candidates(weighing, windows, static, planned)
    costs: dict[tuple[object, ...], Cost] = {}

    def cost(number: int, before: Placed | None, now: Placed) -> Cost:
        key = (number, None if before is None else before.key(), now.key())
        if key not in costs:
            costs[key] = weighing.cost(windows[number], before, now)
        return costs[key]

    chosen = schedule_of(day.edges_s, cheapest_path(candidates, cost))
    each = schedule_of(day.edges_s, planned)
    document = schedule_document(inputs, chosen, schedule_provenance_of(inputs, settings, folder))
    figures = _figures(day, schedule_of(day.edges_s[:1], [static]), each, chosen)
    return Scheduled(document, figures, windows_of_schedule(problem, chosen, day.unseen))


def _day(inputs: Inputs, settings: ScheduleSettings) -> _Day:
    recorded = recorded_arrivals(inputs, settings.trace)
    duration_s = settings.duration_s or period_s(inputs, recorded)
    if duration_s is None:
        raise AlpaplanError(
            "nothing changes over time in the workload's arrivals: say how much time to plan for "
            "with --duration, or give arrivals with windows or a trace"
        )
    starts_s = settings.starts_s
    if settings.window_s is not None:
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
    return _Day(measured, edges_s, training.for_models(names), unseen.for_models(names))


def _search(
    inputs: Inputs, settings: ScheduleSettings, sets: ArrivalSets | None = None
) -> Placement:
    searching = PlanSettings(seed=settings.seed, effort=settings.effort, jobs=settings.jobs)
    return plan(inputs, searching, arrivals=sets).placement


def _static_plan(day: _Day, settings: ScheduleSettings) -> Placement:
    """Return the plan for all windows, searched on a part of each of them."""
    fraction = min(1.0, STATIC_REQUESTS / max(1, day.training.num_requests))
    pause_s = float(day.inputs.problem.slo_s.max())
    parts = [
        (in_window(day.inputs, start_s, end_s), fraction * (end_s - start_s))
        for start_s, end_s in pairwise(day.edges_s)
    ]
    runs = []
    for run in range(2 + 2 * STATIC_RUNS):
        rngs = np.random.default_rng([settings.seed, run]).integers(2**31, size=len(parts))
        length = 1 / 3 if run == 0 else 1.0
        runs.append(
            one_after_another(
                [
                    own.workload.sample(length * length_s, int(seed))
                    for (own, length_s), seed in zip(parts, rngs, strict=True)
                ],
                pause_s,
            )
        )
    sets = ArrivalSets(
        training=runs[1],
        screening=runs[0],
        deciding=tuple(runs[2 : 2 + STATIC_RUNS]),
        unseen=tuple(runs[2 + STATIC_RUNS :]),
        source=UnseenSource.SAMPLED,
    )
    return _search(day.inputs, settings, sets)


def _candidates(
    weighing: Weighing,
    windows: Sequence[WindowOfTime],
    static: Placed,
    planned: Sequence[Placed],
) -> list[list[Placed]]:
    """Return the candidates of each window: its own, its neighbors', and the one for all."""
    own = [[each] for each in planned]
    if weighing.frees_devices():
        own = [
            [each, weighing.pruned(window, each), weighing.pruned(window, static)]
            for window, each in zip(windows, planned, strict=True)
        ]
    found = []
    for number in range(len(windows)):
        near = [each for some in own[max(0, number - 1) : number + 2] for each in some]
        found.append(list({each.key(): each for each in (static, *near)}.values()))
    return found


def _figures(day: _Day, static: Schedule, each: Schedule, chosen: Schedule) -> tuple[Figure, ...]:
    """Return what placements attain on arrivals that none of them was made from."""
    problem = day.inputs.problem
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
            attained_by(on, schedule, day.unseen),
            device_hours(schedule, day.edges_s[-1]),
        )
        for name, schedule, on, seconds in rows
    )
