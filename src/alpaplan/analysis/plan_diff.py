"""A diff of two plans: what changes, and the steps from one to the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alpaplan.analysis.rollout import DeviceLoads, RolloutSettings, StepDiff
from alpaplan.specs.plan import NodeDevices
from alpaplan.units import finite_or_none

SAME_OBJECTIVE = 1e-5
"""Relative difference up to which two objectives are the same (a ratio): plans round them to six
digits."""


class GroupChange(StrEnum):
    """What becomes of a group; one that matches has the same devices and shape in both plans."""

    KEPT = "kept"
    """Matches, and all of its replicas stay."""

    CHANGED = "changed"
    """Matches, with other replicas."""

    RESHAPED = "reshaped"
    """Has exactly the devices of one old group, in another shape or order."""

    REGROUPED = "regrouped"
    """Shares devices with old groups otherwise."""

    NEW = "new"
    """Shares devices with no old group."""

    REMOVED = "removed"
    """Of the old plan alone."""


@dataclass(frozen=True)
class GroupDiff:
    """A group of either plan: what becomes of it and of its replicas.

    Parameters
    ----------
    old, new
        Its names in the plans; None where it is not.
    change
        What becomes of it.
    overlaps
        Names of old groups whose devices it takes over.
    device, intra_op, inter_op, devices
        What it runs, and where.
    stay, load, unload
        Models whose replicas go on, start and stop.
    """

    old: str | None
    new: str | None
    change: GroupChange
    overlaps: tuple[str, ...]
    device: str
    intra_op: int
    inter_op: int
    devices: tuple[NodeDevices, ...]
    stay: tuple[str, ...]
    load: tuple[str, ...]
    unload: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called: by the new plan if that has it."""
        return self.new or self.old or ""

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "name": self.name,
            "old": self.old,
            "new": self.new,
            "change": self.change.value,
            "overlaps": list(self.overlaps),
            "device": self.device,
            "intra_op": self.intra_op,
            "inter_op": self.inter_op,
            "devices": [
                {"node": item.node, "devices": list(item.devices)} for item in self.devices
            ],
            "stay": list(self.stay),
            "load": list(self.load),
            "unload": list(self.unload),
        }


@dataclass(frozen=True)
class ModelDiff:
    """A model of either plan; pairs are of the old plan and the new one.

    Parameters
    ----------
    name
        Its name.
    slo
        Objectives by name, in seconds; None where the plan lacks the model.
    groups
        Names of the groups that serve it.
    slo_attainment
        Of its requests, by simulation; None where the plan lacks the model or there were none.
    """

    name: str
    slo: tuple[Mapping[str, float] | None, Mapping[str, float] | None]
    groups: tuple[tuple[str, ...], tuple[str, ...]]
    slo_attainment: tuple[float | None, float | None]

    @property
    def has_other_objective(self) -> bool:
        """Whether what it has to attain changes."""
        old, new = self.slo
        if old is None or new is None:
            return old is not new
        return old.keys() != new.keys() or not all(
            math.isclose(old[name], new[name], rel_tol=SAME_OBJECTIVE) for name in old
        )

    @property
    def has_other_number(self) -> bool:
        """Whether it has more or fewer replicas than before."""
        old, new = self.groups
        return len(old) != len(new)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "name": self.name,
            "slo": [None if slo is None else dict(slo) for slo in self.slo],
            "groups": [list(names) for names in self.groups],
            "slo_attainment": list(self.slo_attainment),
        }


@dataclass(frozen=True)
class PlanDiff:
    """What changes between two plans, and in which steps.

    Parameters
    ----------
    old_sha256, new_sha256
        Hashes of the plans' files.
    settings
        What the roll-out may do.
    groups
        Those of the new plan in its order, then old ones without a match.
    models
        Those of both plans, by name.
    loads
        By device, of those onto which something is loaded.
    steps
        In order.
    outage
        Models of both plans that are without a replica in use for a time.
    """

    old_sha256: str
    new_sha256: str
    settings: RolloutSettings
    groups: tuple[GroupDiff, ...]
    models: tuple[ModelDiff, ...]
    loads: tuple[DeviceLoads, ...]
    steps: tuple[StepDiff, ...]
    outage: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to do, and nothing else is expected of any model."""
        return (
            not self.steps
            and all(group.change is GroupChange.KEPT for group in self.groups)
            and not any(model.has_other_objective for model in self.models)
        )

    @property
    def duration_s(self) -> float:
        """How long all steps take."""
        return math.fsum(step.duration_s for step in self.steps)

    @property
    def loaded_bytes(self) -> int:
        """Weights loaded in all steps."""
        return sum(step.loaded_bytes for step in self.steps)

    @property
    def below_floor(self) -> tuple[int, ...]:
        """Numbers of the steps that do not keep the floor."""
        return tuple(step.number for step in self.steps if step.is_below(self.settings.floor))

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "kind": "plan-diff",
            "version": 1,
            "old": {"sha256": self.old_sha256},
            "new": {"sha256": self.new_sha256},
            "same": self.is_same,
            "options": self.settings.to_json_dict(),
            "groups": [group.to_json_dict() for group in self.groups],
            "models": [model.to_json_dict() for model in self.models],
            "load_bytes": [
                {"node": each.node, "device": each.device, "bytes": each.loaded_bytes}
                for each in self.loads
            ],
            "steps": [step.to_json_dict() for step in self.steps],
            "seconds": finite_or_none(self.duration_s),
            "outage": list(self.outage),
            "below_floor": list(self.below_floor),
        }
