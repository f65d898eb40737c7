"""What every parallel configuration of a model says, whichever way it serves requests."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from alpaplan.errors import Issue
from alpaplan.specs.fields import Name, PositiveBytes, Spec, fail_at
from alpaplan.specs.stages import StageLayers, wrong_number_of_stages

MAX_PARALLELISM = 4096
"""Largest `intra_op` or `inter_op`: far above any deployed group, and arrays stay small."""


class ParallelConfig(Spec):
    """One parallel configuration on one device type. Its kinds add what serving takes."""

    device: Name
    intra_op: int = Field(strict=True, ge=1, le=MAX_PARALLELISM)
    inter_op: int = Field(strict=True, ge=1, le=MAX_PARALLELISM)
    stage_weight_bytes: tuple[PositiveBytes, ...] = Field(
        description="weights on each device of each stage"
    )

    @field_validator("stage_weight_bytes")
    @classmethod
    def _one_weight_a_stage(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        fail_at(wrong_length((), value, info))
        return value

    @field_validator("stages", check_fields=False)
    @classmethod
    def _as_many_as_inter_op(
        cls, value: tuple[StageLayers, ...] | None, info: ValidationInfo
    ) -> tuple[StageLayers, ...] | None:
        fail_at(wrong_number_of_stages((), value, info.data.get("inter_op")))
        return value

    @property
    def num_devices(self) -> int:
        """Devices of one group that runs this configuration."""
        return self.intra_op * self.inter_op


def wrong_length(
    where: tuple[int, ...], values: tuple[Any, ...], info: ValidationInfo
) -> list[Issue]:
    """Return an issue if there is not one number for each stage."""
    num_stages = info.data.get("inter_op")
    if num_stages is None or len(values) == num_stages:
        return []
    return [Issue(where, f"must have inter_op = {num_stages} numbers, found {len(values)}")]
