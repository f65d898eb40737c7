"""The steps of a roll-out as they are shown: what they do, how long they take, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What a step does."""

    LOAD = "load"
    """New replicas start."""

    ROUTE = "route"
    """The router begins to use new replicas, and stops to use old ones, in one switch."""

    UNLOAD = "unload"
    """Old replicas that are no longer used stop."""


@dataclass(frozen=True)
class Pace:
    """How long steps take.

    Parameters
    ----------
    load_bandwidth_bytes_per_s
        What each device gets while all load at once.
    start_time_s
        Start of an engine beside that.
    drain_time_s
        How long what is no longer used is left to finish.
    """

    load_bandwidth_bytes_per_s: float = 2e9
    start_time_s: float = 60.0
    drain_time_s: float = 5.0


@dataclass(frozen=True)
class Floor:
    """What every step has to keep: replicas of every model, or an attainment.

    Parameters
    ----------
    copies
        Replicas in use, of models that both plans serve.
    attainment
        SLO attainment; None where replicas count.
    """

    copies: int = 1
    attainment: float | None = None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        if self.attainment is not None:
            return {"attainment": self.attainment}
        return {"copies": self.copies}


@dataclass(frozen=True)
class RolloutSettings:
    """What a roll-out may do, and how long that takes.

    Parameters
    ----------
    pace
        How long steps take.
    floor
        What every step has to keep.
    allow_outage
        Models that may be without a replica in use.
    """

    pace: Pace = Pace()
    floor: Floor = Floor()
    allow_outage: tuple[str, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "load_bandwidth_bytes_per_s": self.pace.load_bandwidth_bytes_per_s,
            "start_time_s": self.pace.start_time_s,
            "drain_time_s": self.pace.drain_time_s,
            "floor": self.floor.to_json_dict(),
            "allow_outage": list(self.allow_outage),
        }


@dataclass(frozen=True)
class StepItem:
    """A replica in a step.

    Parameters
    ----------
    plan
        ``"old"`` or ``"new"``: whose it is.
    group
        Name of its group in that plan.
    model
        What it serves.
    engine
        Its name in exports.
    """

    plan: str
    group: str
    model: str
    engine: str


@dataclass(frozen=True)
class StepDiff:
    """One step of a roll-out, and the state after it.

    Parameters
    ----------
    number
        From 1.
    do
        What it does.
    add, remove
        Replicas that start or begin to be used, and that stop or are no longer used.
    loaded_bytes
        Weights that are loaded, on all devices together.
    duration_s
        How long it takes.
    copies_min
        Fewest replicas in use of a model that has to be served; None if none has to.
    fullest_device
        Largest part of a device's memory that is held.
    slo_attainment
        Of the placement in use; None without requests.
    """

    number: int
    do: Action
    add: tuple[StepItem, ...]
    remove: tuple[StepItem, ...]
    loaded_bytes: int
    duration_s: float
    copies_min: int | None
    fullest_device: float
    slo_attainment: float | None

    def is_below(self, floor: Floor) -> bool:
        """Whether it does not keep the floor."""
        if floor.attainment is not None:
            return self.slo_attainment is not None and self.slo_attainment < floor.attainment
        return self.copies_min is not None and self.copies_min < floor.copies

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "step": self.number,
            "do": self.do.value,
            "add": [dict(vars(item)) for item in self.add],
            "remove": [dict(vars(item)) for item in self.remove],
            "bytes": self.loaded_bytes,
            "seconds": self.duration_s,
            "copies_min": self.copies_min,
            "fullest_device": self.fullest_device,
            "slo_attainment": self.slo_attainment,
        }


@dataclass(frozen=True)
class DeviceLoads:
    """Weights that are loaded onto a device in all steps together."""

    node: str
    device: int
    loaded_bytes: int
