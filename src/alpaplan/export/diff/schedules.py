"""Schedules to their diff: one for each time at which a placement takes another's place."""

from __future__ import annotations

from collections.abc import Callable

from alpaplan.analysis.rollout import RolloutSettings
from alpaplan.analysis.schedule_diff import PlacementDiff, ScheduleDiff
from alpaplan.export.diff.diff import diff_plans
from alpaplan.export.diff.loading import Diffed, DiffedPlans
from alpaplan.export.diff.search import NoOrderError
from alpaplan.units import format_seconds
from alpaplan.workload.trace import Trace


def diff_schedules(
    diffed: Diffed, arrivals: Callable[[DiffedPlans], Trace], settings: RolloutSettings
) -> ScheduleDiff:
    """Say what changes at each time, and find the steps for it.

    Parameters
    ----------
    diffed
        What follows each other.
    arrivals
        Gives the requests that come while the new placement of a pair is current.
    settings
        What each roll-out may do.

    Raises
    ------
    AlpaplanError
        See `diff_plans`.
    NoOrderError
        With a line for each time at which no order of steps was found.
    """
    changes: list[PlacementDiff] = []
    stuck: list[str] = []
    for pair in diffed.pairs:
        try:
            found = diff_plans(pair.old, pair.new, diffed.inputs, arrivals(pair), settings)
        except NoOrderError as error:
            stuck.append(f"from {format_seconds(pair.start_s)} on: {error}")
            continue
        if not found.is_same:
            changes.append(PlacementDiff(pair.start_s, pair.end_s, found))
    if stuck:
        raise NoOrderError("\n".join(stuck))
    return ScheduleDiff(diffed.old_sha256, diffed.new_sha256, tuple(changes))
