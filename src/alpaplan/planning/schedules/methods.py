"""The methods for schedules by name. One file here and one line below add a method."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.schedules.results import Scheduled
    from alpaplan.planning.schedules.settings import ScheduleSettings
    from alpaplan.planning.tasks import TaskRunner

    ScheduleMethod: TypeAlias = Callable[[Inputs, ScheduleSettings, Path, TaskRunner], Scheduled]

AUTO = "auto"
"""Plans for each window, and changes where that pays."""

CLOCKWORK = "clockwork++"
"""AlpaServe's baseline, which places anew in every window."""

USUAL_WINDOW_S = 60.0
"""Length of its windows where nobody says (seconds; 10 to 3,600): AlpaServe's on the first of the
Azure traces (section 6.2)."""

SCHEDULE_METHODS: Registry[ScheduleMethod] = Registry(
    {
        AUTO: Entry(
            "alpaplan.planning.schedules.auto:auto_schedule",
            "plans for windows, changed where it pays for what that loads",
        ),
        CLOCKWORK: Entry(
            "alpaplan.planning.schedules.clockwork:clockwork_schedule",
            "AlpaServe's baseline: replicas on single devices, planned anew for every window",
        ),
    },
    what="method for schedules",
)
"""Name -> what makes a schedule of inputs, settings, the folder that it goes to, and what runs
searches."""

DEFAULT_SCHEDULE_METHOD = AUTO
"""What schedules are made by unless somebody asks for another method."""
