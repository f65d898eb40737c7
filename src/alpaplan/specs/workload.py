"""The workload document: the models that are asked for, their objectives and arrivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from alpaplan.errors import Issue
from alpaplan.specs.arrivals import ArrivalsSpec, at_share
from alpaplan.specs.fields import (
    Name,
    PositiveNumber,
    PositiveSeconds,
    Spec,
    exactly_one,
    fail_at,
)

MAX_MODELS = 100_000
"""Most models of one workload, after `count` is written out."""


@dataclass(frozen=True)
class ServedModel:
    """One model of a workload after ``count`` is written out.

    Parameters
    ----------
    name
        What requests ask for.
    profile
        Name of its model profile.
    slo_s, slo_scale
        Latency objective: exactly one of them is not None.
    weight
        How much one attained request counts.
    arrivals
        Its own process; every rate is this model's share.
    entry
        Index of the workload's entry it comes from.
    """

    name: str
    profile: str
    slo_s: float | None
    slo_scale: float | None
    weight: float
    arrivals: ArrivalsSpec
    entry: int


class ModelEntry(Spec):
    """One entry of a workload: one model, or `count` alike."""

    model_config = ConfigDict(json_schema_extra=exactly_one("slo_s", "slo_scale"))

    name: Name
    count: int | None = Field(default=None, strict=True, ge=1, le=MAX_MODELS)
    profile: Name
    slo_s: PositiveSeconds | None = Field(
        default=None, description="latency objective; the deadline is arrival + slo_s"
    )
    slo_scale: PositiveNumber | None = Field(
        default=None, description="objective as a multiple of the smallest configuration's latency"
    )
    weight: PositiveNumber = Field(default=1.0, description="how much one attained request counts")
    arrivals: ArrivalsSpec = Field(discriminator="process")

    @model_validator(mode="after")
    def _one_objective(self) -> Self:
        if (self.slo_s is None) == (self.slo_scale is None):
            found = "none" if self.slo_s is None else "both"
            text = f"must have either slo_s or slo_scale, found {found}"
            raise PydanticCustomError("objective", "{text}", {"text": text})
        return self

    def names(self) -> list[str]:
        """Names of the models that this entry stands for."""
        if self.count is None:
            return [self.name]
        return [f"{self.name}-{index}" for index in range(self.count)]


class WorkloadSpec(Spec):
    """What the cluster has to serve."""

    kind: Literal["workload"]
    version: Literal[1]
    name: Name
    models: tuple[ModelEntry, ...] = Field(min_length=1)

    @field_validator("models")
    @classmethod
    def _check_models(cls, entries: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
        num_models = sum(entry.count or 1 for entry in entries)
        if num_models > MAX_MODELS:
            fail_at([Issue((), f"must be at most {MAX_MODELS} models, found {num_models}")])
        first: dict[str, int] = {}
        issues = []
        for index, entry in enumerate(entries):
            taken = next((name for name in entry.names() if name in first), None)
            if taken is not None:
                message = f"duplicate {taken!r}, first at number {first[taken] + 1}"
                issues.append(Issue((index, "name"), message))
            for name in entry.names():
                first.setdefault(name, index)
        fail_at(issues)
        return entries

    def served_models(self) -> tuple[ServedModel, ...]:
        """Write out ``count`` and share out rates: one item for each model, in file order.

        This is done once: later calls return the same tuple.
        """
        return self._served_models

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy as pydantic does, but for `served_models`: the copy may have other models."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_served_models", None)
        return copied

    @cached_property
    def _served_models(self) -> tuple[ServedModel, ...]:
        return tuple(
            ServedModel(
                name=name,
                profile=entry.profile,
                slo_s=entry.slo_s,
                slo_scale=entry.slo_scale,
                weight=entry.weight,
                arrivals=at_share(entry.arrivals, index, entry.count or 1),
                entry=entry_index,
            )
            for entry_index, entry in enumerate(self.models)
            for index, name in enumerate(entry.names())
        )
