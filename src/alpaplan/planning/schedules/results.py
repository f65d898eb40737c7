"""A schedule, and what it attains beside others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alpaplan.search.schedules.judged import Attained
from alpaplan.specs.schedule import ScheduleSpec
from alpaplan.units import finite_or_none


@dataclass(frozen=True)
class Figure:
    """What one way to place attains.

    Parameters
    ----------
    name
        Which way, in a few words.
    planned_on
        The arrivals that it was planned on.
    loads
        How long loading takes.
    attained
        Requests and attained ones.
    device_hours
        For how long devices have replicas, all of them together.
    cost
        What the nodes in use cost meanwhile; None where no pool says.
    """

    name: str
    planned_on: str
    loads: str
    attained: Attained
    device_hours: float
    cost: float | None = None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "name": self.name,
            "planned_on": self.planned_on,
            "loads": self.loads,
            "requests": self.attained.requests,
            "attained": self.attained.attained,
            "slo_attainment": finite_or_none(self.attained.slo_attainment),
            "device_hours": self.device_hours,
            "cost": self.cost,
        }


@dataclass(frozen=True)
class WindowOfSchedule:
    """One placement of a schedule.

    Parameters
    ----------
    start_s
        When it begins.
    attained
        Requests that arrived while it was current, and how many of them were attained.
    devices, free_devices
        Devices with replicas, and all others.
    loaded_bytes
        What is to load when it begins.
    cost_per_hour, cost
        Of the nodes with devices in use, and as long as it is current; None where no pool says.
    """

    start_s: float
    attained: Attained
    devices: int
    free_devices: int
    loaded_bytes: int
    cost_per_hour: float | None = None
    cost: float | None = None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "start_s": self.start_s,
            "requests": self.attained.requests,
            "attained": self.attained.attained,
            "slo_attainment": finite_or_none(self.attained.slo_attainment),
            "devices": self.devices,
            "free_devices": self.free_devices,
            "loaded_bytes": self.loaded_bytes,
            "cost_per_hour": self.cost_per_hour,
            "cost": self.cost,
        }


@dataclass(frozen=True)
class Scheduled:
    """A schedule and how it was judged.

    Parameters
    ----------
    document
        The schedule, as it is written to a file.
    figures
        What it attains, and what others do on the same arrivals.
    windows
        Its placements.
    """

    document: ScheduleSpec
    figures: tuple[Figure, ...]
    windows: tuple[WindowOfSchedule, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "figures": [figure.to_json_dict() for figure in self.figures],
            "placements": [window.to_json_dict() for window in self.windows],
        }
