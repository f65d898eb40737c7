"""The placements of a schedule as plans, for what takes one plan at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.provenance import schedule_provenance_of
from alpaplan.planning.schedule_document import plan_of_placement
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.schedule import ScheduleSpec

PLAN_FILES = "from-*s.yaml"
"""What the names of all plans of schedules are like."""


def plans_of_schedule(
    inputs: Inputs, settings: ScheduleSettings, document: ScheduleSpec, folder: Path
) -> Mapping[str, PlanSpec]:
    """Return file name -> plan, for each placement of a schedule.

    Parameters
    ----------
    inputs, settings, document
        The schedule, and what it was made from.
    folder
        Where the plans go: their inputs are named relative to that.
    """
    provenance = schedule_provenance_of(inputs, settings, folder)
    return {
        f"from-{placement.start_s:.15g}s.yaml": plan_of_placement(document, index, provenance)
        for index, placement in enumerate(document.placements)
    }
