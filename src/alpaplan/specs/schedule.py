"""The placement schedule: placements that follow each other, as a plan is one placement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from alpaplan.errors import Issue
from alpaplan.specs.fields import NonNegativeSeconds, Spec, duplicates, fail_at
from alpaplan.specs.plan import GroupSpec, PlannedModel, PlanSpec, Provenance, Routing
from alpaplan.specs.prediction import Prediction


class PlacementSpec(Spec):
    """Groups and their replicas from one time on."""

    start_s: NonNegativeSeconds = Field(
        description="the first at 0, each later than the one before"
    )
    groups: tuple[GroupSpec, ...]

    @field_validator("groups")
    @classmethod
    def _check_names(cls, groups: tuple[GroupSpec, ...]) -> tuple[GroupSpec, ...]:
        fail_at(duplicates(group.name for group in groups))
        return groups


class ScheduleSpec(Spec):
    """Placements that change; only `kind`, `version` and `placements` are needed.

    A group is known by its name: one whose name was in the placement just before goes on.
    """

    kind: Literal["placement-schedule"]
    version: Literal[1]
    provenance: Provenance | None = None
    prediction: Prediction | None = None
    placements: tuple[PlacementSpec, ...] = Field(min_length=1)
    routing: Routing | None = None
    models: tuple[PlannedModel, ...] = ()

    @field_validator("placements")
    @classmethod
    def _check_placements(cls, placements: tuple[PlacementSpec, ...]) -> tuple[PlacementSpec, ...]:
        fail_at([*_wrong_starts(placements), *_other_groups(placements)])
        return placements


PlanOrSchedule = PlanSpec | ScheduleSpec
"""What is deployed: one placement, or several that follow each other."""


def _wrong_starts(placements: tuple[PlacementSpec, ...]) -> Iterator[Issue]:
    before = None
    for index, placement in enumerate(placements):
        start_s = placement.start_s
        where = (index, "start_s")
        if before is None and start_s != 0:
            yield Issue(where, f"must be 0 in the first placement, found start_s {start_s:g}")
        elif before is not None and start_s <= before:
            rule = f"must be above {before:g}, the start_s of the placement before"
            yield Issue(where, f"{rule}, found {start_s:g}")
        before = start_s


def _other_groups(placements: tuple[PlacementSpec, ...]) -> Iterator[Issue]:
    """Yield where a group is not what others of its name are."""
    first: dict[str, tuple[int, GroupSpec]] = {}
    caps: dict[tuple[str, str], int | None] = {}
    for index, placement in enumerate(placements):
        for number, group in enumerate(placement.groups):
            where = (index, "groups", number)
            at, known = first.setdefault(group.name, (index, group))
            for key in ("device", "intra_op", "inter_op", "devices"):
                if getattr(group, key) != getattr(known, key):
                    same = f"must have the {key} that its name has in placements[{at}]"
                    yield Issue((*where, key), f"group {group.name!r} {same}")
            for position, replica in enumerate(group.replicas):
                own = replica.max_batch_size
                other = caps.setdefault((group.name, replica.model), own)
                if own != other:
                    rule = f"must have the max_batch_size of {replica.model!r} wherever it is"
                    found = f"{_said(other)} before, found {_said(own)}"
                    there = (*where, "replicas", position, "max_batch_size")
                    yield Issue(there, f"group {group.name!r} {rule}, {found}")


def _said(cap: int | None) -> str:
    return "none" if cap is None else str(cap)
