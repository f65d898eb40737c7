"""Independent searches for one plan, each a task, of which the best is kept."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from alpaplan.errors import AlpaplanWarning, InterruptedWithoutPlanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.tasks import Surroundings, Task, TaskRunner
from alpaplan.search.planner import SearchOutcome, search_once
from alpaplan.search.stopping import StopCriterion, TimeLimit, first_of
from alpaplan.workload.arrival_sets import ArrivalSets


def search_several(
    inputs: Inputs,
    arrivals: ArrivalSets,
    settings: PlanSettings,
    rngs: Sequence[np.random.Generator],
    runner: TaskRunner,
    stop: StopCriterion,
) -> list[SearchOutcome]:
    """Run the searches of the settings; the first one is that of a plan without restarts.

    Parameters
    ----------
    inputs
        What to plan, with the models in the order of the search.
    arrivals
        What all of them search on.
    settings
        How to search.
    rngs
        Source of the random choices of each search.
    runner
        Runs each search as a task.
    stop
        Ends them early: each with the best that it has, where it can be told.

    Raises
    ------
    InfeasibleError
        If the method finds nothing.
    InterruptedWithoutPlanError
        If they were stopped before any search had something.
    """
    tasks = [
        Task(f"restart {index}", _search, (inputs.movable(), arrivals, settings, rng))
        for index, rng in enumerate(rngs)
    ]
    found = [outcome for outcome in runner.finished(tasks, stop) if outcome is not None]
    if not found:
        raise InterruptedWithoutPlanError("stopped by interrupt before it had a first plan")
    return found


def _search(
    inputs: Inputs,
    arrivals: ArrivalSets,
    settings: PlanSettings,
    rng: np.random.Generator,
    around: Surroundings,
) -> SearchOutcome | None:
    """Search once; None if it was stopped before it had anything."""
    limits = [] if settings.time_limit_s is None else [TimeLimit(settings.time_limit_s)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AlpaplanWarning)  # given where the work is handed out
        try:
            return search_once(
                inputs.problem,
                arrivals,
                settings.method,
                rng=rng,
                effort=settings.effort,
                max_evaluations=settings.max_evaluations,
                stop=first_of(around.stop, *limits),
                jobs=around.threads,
            )
        except InterruptedWithoutPlanError:
            return None
