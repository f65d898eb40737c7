"""What makes a committed plan or schedule stale: how it differs from what its inputs give now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from alpaplan.specs.plan import GroupSpec, InputRecord, PlanSpec, ReplicaSpec
from alpaplan.specs.schedule import PlanOrSchedule

Value = TypeVar("Value")

SETTINGS = (
    *("method", "seed", "effort", "max_evaluations", "restarts", "trace"),
    *("window_s", "starts_s", "foresight", "duration_s", "target", "device_cost", "request_value"),
)
"""Entries of a provenance that the search was run with; the second line is of schedules."""

FOLLOWING = ("unused_devices", "routing", "models")
"""Parts of which it is enough to know whether they differ; schedules have no unused devices."""


@dataclass(frozen=True)
class Change(Generic[Value]):
    """What was, and what is now: None of what was not there, or no longer is."""

    name: str
    old: Value | None
    new: Value | None


@dataclass(frozen=True)
class Staleness:
    """How two plans or two schedules differ. The version of alpaplan does not count.

    Parameters
    ----------
    inputs
        By place, where the file's content or the set of files has changed.
    settings
        What the search was run with.
    groups
        By name; in a schedule, by name and start of the placement.
    starts_s
        When placements start, if that has changed.
    attainment
        Predicted attainment, if anything in the prediction has changed.
    parts
        Names of other parts that differ.
    """

    inputs: tuple[Change[InputRecord], ...]
    settings: tuple[Change[Any], ...]
    groups: tuple[Change[GroupSpec], ...]
    starts_s: Change[tuple[float, ...]] | None
    attainment: Change[float] | None
    parts: tuple[str, ...]

    @property
    def is_stale(self) -> bool:
        """Whether there is any difference."""
        return self != Staleness((), (), (), None, None, ())


def staleness(old: PlanOrSchedule, new: PlanOrSchedule) -> Staleness:
    """Compare a committed plan or schedule with the one made now."""
    was_s, is_now_s = _starts_s(old), _starts_s(new)
    attainment = None
    if old.prediction != new.prediction:
        was, is_now = (
            made.prediction.slo_attainment if made.prediction else None for made in (old, new)
        )
        attainment = Change("slo_attainment", was, is_now)
    return Staleness(
        inputs=tuple(
            change
            for change in _changes(_inputs(old), _inputs(new))
            if not (change.old and change.new and change.old.sha256 == change.new.sha256)
        ),
        settings=tuple(_setting_changes(old, new)),
        groups=tuple(_changes(_groups(old), _groups(new))),
        starts_s=None if was_s == is_now_s else Change("start_s", was_s, is_now_s),
        attainment=attainment,
        parts=tuple(
            name for name in FOLLOWING if getattr(old, name, None) != getattr(new, name, None)
        ),
    )


def changed_replicas(old: GroupSpec, new: GroupSpec) -> tuple[Change[ReplicaSpec], ...]:
    """Return the replicas that both groups hold, with anything of theirs changed."""
    before = {replica.model: replica for replica in old.replicas}
    return tuple(
        Change(replica.model, before[replica.model], replica)
        for replica in new.replicas
        if before.get(replica.model, replica) != replica
    )


def _changes(old: dict[str, Value], new: dict[str, Value]) -> Iterator[Change[Value]]:
    for name in old | new:
        if old.get(name) != new.get(name):
            yield Change(name, old.get(name), new.get(name))


def _groups(plan: PlanOrSchedule) -> dict[str, GroupSpec]:
    if isinstance(plan, PlanSpec):
        return {group.name: group for group in plan.groups}
    return {
        f"{group.name} from {placement.start_s:.15g} s": group
        for placement in plan.placements
        for group in placement.groups
    }


def _starts_s(plan: PlanOrSchedule) -> tuple[float, ...]:
    if isinstance(plan, PlanSpec):
        return ()
    return tuple(placement.start_s for placement in plan.placements)


def _inputs(plan: PlanOrSchedule) -> dict[str, InputRecord]:
    """Return the inputs by where they are: a path, or the name of a shipped profile."""
    records = plan.provenance.inputs if plan.provenance else ()
    return {record.path or f"shipped {record.name}": record for record in records}


def _setting_changes(old: PlanOrSchedule, new: PlanOrSchedule) -> Iterator[Change[Any]]:
    if old.provenance and new.provenance:
        for name in SETTINGS:
            was, is_now = (getattr(made, name) for made in (old.provenance, new.provenance))
            if was != is_now:
                yield Change(name, was, is_now)
