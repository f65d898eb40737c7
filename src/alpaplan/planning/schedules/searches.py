"""The searches that a schedule is made of: one for each span of time, side by side."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from alpaplan.errors import AlpaplanWarning, InfeasibleError, InterruptedWithoutPlanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import plan
from alpaplan.planning.schedules.arrivals import in_window
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.tasks import Chain, Surroundings, Task, TaskRunner
from alpaplan.problem import Placement
from alpaplan.specs.choices import StopReason, UnseenSource
from alpaplan.workload.arrival_sets import (
    RUN_REQUESTS,
    SCREENING_FRACTION,
    TRAINING_RUNS,
    ArrivalSets,
    one_after_another,
)
from alpaplan.workload.sampling import expected_rate_rps

SLICES = 24
"""Slices of a span of time that arrivals to plan on are taken from (a count; 6 to 100): as many as
a day has hours."""

PAUSE_OF_LLMS_S = 60.0
"""Pause between slices where requests have no deadline to end by (seconds; 10 to 600): about what
long answers take. A backlog that is longer goes on, as it does from hour to hour."""

FURTHER_RUNS = 4
"""Runs to decide on, and to predict from (a count; 2 to 10)."""


@dataclass(frozen=True)
class Search:
    """A search for one span of time.

    Parameters
    ----------
    inputs
        What is planned for.
    day
        The same over all the time: what arrivals come from.
    start_s, end_s
        The span.
    """

    inputs: Inputs
    day: Inputs
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    placement
        The placement; None if there is none.
    had_arrivals
        Whether there were requests to plan for.
    reason
        Why there can be no placement.
    """

    placement: Placement | None
    had_arrivals: bool = True
    reason: str = ""

    def required(self) -> Placement:
        """Return the placement; an `InfeasibleError` says why there is none."""
        if self.placement is None:
            raise InfeasibleError(self.reason)
        return self.placement


def search_all(
    searches: Sequence[Search], settings: ScheduleSettings, runner: TaskRunner
) -> list[Found]:
    """Return what each search finds."""
    searching = PlanSettings(seed=settings.seed, effort=settings.effort)
    tasks = tuple(
        Task(f"search {number}", search, (each, searching)) for number, each in enumerate(searches)
    )

    def chain() -> Chain[list[Found]]:
        return (yield tasks)

    return runner.run({"searches": chain()})["searches"]


def search(wanted: Search, settings: PlanSettings, around: Surroundings) -> Found:
    """Plan for a span of time; a task.

    Raises
    ------
    InterruptedWithoutPlanError
        If the result is no longer wanted.
    """
    sets = arrivals_of(wanted.day, wanted.start_s, wanted.end_s, settings.seed)
    if not sets.has_arrivals:
        return Found(None, had_arrivals=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AlpaplanWarning)  # the same of every span
        try:
            planned = plan(
                wanted.inputs,
                replace(settings, jobs=around.threads),
                arrivals=sets,
                stop=around.stop,
            )
        except InfeasibleError as error:
            return Found(None, reason=str(error))
    if planned.result.stop_reason is StopReason.INTERRUPT:
        raise InterruptedWithoutPlanError("stopped before its plan was found")
    return Found(planned.placement)


def arrivals_of(inputs: Inputs, start_s: float, end_s: float, seed: int) -> ArrivalSets:
    """Return arrivals to plan for a span of time on: a part of each of its slices.

    So many requests as a search looks at may be fewer than there are, and what is busy at its
    beginning need not be so later.
    """
    edges_s = np.linspace(start_s, end_s, SLICES + 1).tolist()
    slices = [in_window(inputs, first_s, last_s) for first_s, last_s in pairwise(edges_s)]
    length_s = (end_s - start_s) / SLICES
    rate_rps = sum(float(np.nansum(expected_rate_rps(own.workload.models))) for own in slices)
    fraction = min(1.0, TRAINING_RUNS * RUN_REQUESTS / max(1.0, rate_rps * length_s))
    problem = inputs.problem
    pause_s = float(problem.slo_s.max()) if problem.engines is None else PAUSE_OF_LLMS_S
    runs = []
    for run in range(2 + 2 * FURTHER_RUNS):
        rng = np.random.default_rng([seed, run])
        parts = [
            own.workload.sample(
                (SCREENING_FRACTION if run == 0 else 1.0) * fraction * length_s,
                int(rng.integers(2**31)),
            )
            for own in slices
        ]
        runs.append(one_after_another(parts, pause_s))
    return ArrivalSets(
        training=runs[1],
        screening=runs[0] if runs[0].num_requests else runs[1],
        deciding=tuple(runs[2 : 2 + FURTHER_RUNS]),
        unseen=tuple(runs[2 + FURTHER_RUNS :]),
        source=UnseenSource.SAMPLED,
    )
