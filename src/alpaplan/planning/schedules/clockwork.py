"""The baseline `clockwork++`: its schedule, and its four figures (design/CLOCKWORK.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.provenance import schedule_provenance_of
from alpaplan.planning.runs import arrivals_for
from alpaplan.planning.schedules.arrivals import period_s, recorded_arrivals
from alpaplan.planning.schedules.document import schedule_document, windows_of_schedule
from alpaplan.planning.schedules.results import Figure, Scheduled
from alpaplan.planning.schedules.settings import ScheduleSettings, require_few_windows
from alpaplan.planning.tasks import TaskRunner
from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import check_feasible, check_servable
from alpaplan.problem.loading import describe_loads, with_free_loads
from alpaplan.search.schedules.clockwork import SingleDevices, clockwork, one_window_late
from alpaplan.search.schedules.judged import (
    attained_by,
    attained_by_windows,
    cost_until,
    device_hours,
)
from alpaplan.search.schedules.windows import windows_of_arrivals

ITSELF, BEFORE = "the window itself", "the window before"


def clockwork_schedule(
    inputs: Inputs, settings: ScheduleSettings, folder: Path, _: TaskRunner
) -> Scheduled:
    """Plan every window of the arrivals; the schedule is the causal one, or knows the future.

    Parameters
    ----------
    inputs
        What to plan.
    settings
        Windows, arrivals, and whether it knows the future.
    folder
        Where the schedule goes.

    Raises
    ------
    AlpaplanError
        If there is no length of windows, a model requires replicas, no model runs on a single
        device, or there are no arrivals.
    InfeasibleError
        If a model fits nowhere, or no model can meet its objective.
    InputError
        With everything wrong with the trace.
    """
    window_s = settings.window_s
    if window_s is None:
        raise AlpaplanError("clockwork++ needs windows of one length, which begin with an arrival")
    problem = inputs.problem
    check_feasible(problem, inputs.profiles)
    check_servable(problem)
    _require_nothing_required(problem)
    if settings.trace is None:
        duration_s = settings.duration_s or period_s(inputs, recorded_arrivals(inputs))
        trace = arrivals_for(inputs, None, duration_s, settings.seed)
    else:
        trace = settings.trace.trace
    if not SingleDevices.of(problem).devices:
        raise AlpaplanError("clockwork++ places models on single devices, which none runs on")
    if not trace.num_requests:
        raise AlpaplanError("clockwork++ needs arrivals to plan on, found none")
    windows = windows_of_arrivals(trace, window_s)
    require_few_windows(len(windows), window_s)
    foreseeing = clockwork(problem, trace, window_s)
    causal = one_window_late(foreseeing)
    free, loads = with_free_loads(problem), describe_loads(problem)
    published = attained_by_windows(problem, foreseeing, trace, windows)
    end_s = max(trace.duration_s, float(trace.arrival_s[-1]))
    spent = device_hours(foreseeing, end_s), cost_until(problem, foreseeing, end_s)
    figures = [Figure("as published", ITSELF, "none: idle groups each window", published, *spent)]
    for planned_on, schedule in ((ITSELF, foreseeing), (BEFORE, causal)):
        name = "clockwork++" if planned_on == ITSELF else "clockwork++, causal"
        without = attained_by(free, schedule, trace)
        figures.append(Figure(name, planned_on, "0 s", without, *spent))
        if loads is not None:
            with_loads = attained_by(problem, schedule, trace)
            figures.append(Figure(name, planned_on, loads, with_loads, *spent))
    schedule = foreseeing if settings.foresight else causal
    provenance = schedule_provenance_of(inputs, settings, folder)
    document = schedule_document(inputs, schedule, provenance)
    windows_shown = windows_of_schedule(problem, schedule, trace, end_s)
    return Scheduled(document, tuple(figures), windows_shown)


def _require_nothing_required(problem: PlacementProblem) -> None:
    """Refuse what the baseline knows nothing of: it places what arrives, and nothing else."""
    required = problem.required
    if required is not None:
        name = problem.model_names[int(np.flatnonzero(required.least)[0])]
        raise AlpaplanError(
            f"clockwork++ does not keep required replicas, but model {name!r} has min_replicas; "
            "leave it out, or use --method auto"
        )
