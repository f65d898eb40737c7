"""What makes a committed plan stale: how it differs from the one that its inputs give now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from alpaplan.specs.plan import GroupSpec, InputRecord, PlanSpec, ReplicaSpec

Value = TypeVar("Value")

SETTINGS = ("method", "seed", "effort", "max_evaluations", "restarts", "trace")
"""Entries of a plan's provenance that the search was run with."""

FOLLOWING = ("unused_devices", "routing", "models")
"""Parts of a plan of which it is enough to know whether they differ."""


@dataclass(frozen=True)
class Change(Generic[Value]):
    """What was, and what is now: None of what was not there, or no longer is."""

    name: str
    old: Value | None
    new: Value | None


@dataclass(frozen=True)
class Staleness:
    """How two plans differ. The version of alpaplan does not count.

    Parameters
    ----------
    inputs
        By place, where the file's content or the set of files has changed.
    settings
        What the search was run with.
    groups
        By name.
    attainment
        Predicted attainment, if anything in the prediction has changed.
    parts
        Names of other parts that differ.
    """

    inputs: tuple[Change[InputRecord], ...]
    settings: tuple[Change[Any], ...]
    groups: tuple[Change[GroupSpec], ...]
    attainment: Change[float] | None
    parts: tuple[str, ...]

    @property
    def is_stale(self) -> bool:
        """Whether there is any difference."""
        return self != Staleness((), (), (), None, ())


def staleness(old: PlanSpec, new: PlanSpec) -> Staleness:
    """Compare a committed plan with the one made now."""
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
        groups=tuple(
            _changes(
                {group.name: group for group in old.groups},
                {group.name: group for group in new.groups},
            )
        ),
        attainment=attainment,
        parts=tuple(name for name in FOLLOWING if getattr(old, name) != getattr(new, name)),
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


def _inputs(plan: PlanSpec) -> dict[str, InputRecord]:
    """Return the inputs by where they are: a path, or the name of a shipped profile."""
    records = plan.provenance.inputs if plan.provenance else ()
    return {record.path or f"shipped {record.name}": record for record in records}


def _setting_changes(old: PlanSpec, new: PlanSpec) -> Iterator[Change[Any]]:
    if old.provenance and new.provenance:
        for name in SETTINGS:
            was, is_now = (getattr(made, name) for made in (old.provenance, new.provenance))
            if was != is_now:
                yield Change(name, was, is_now)
