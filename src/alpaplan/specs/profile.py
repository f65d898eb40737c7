"""The model profile: stage latencies and weights of each parallel configuration of a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from alpaplan.errors import Issue
from alpaplan.specs.fields import (
    Count,
    Name,
    NonNegativeBytes,
    PositiveBytes,
    PositiveSeconds,
    Spec,
    fail_at,
)
from alpaplan.specs.stages import StageLayers, Stages, wrong_number_of_stages

MAX_PARALLELISM = 4096
"""Largest `intra_op` or `inter_op`: far above any deployed group, and arrays stay small."""


class ProfiledConfig(Spec):
    """One parallel configuration on one device type, as measured."""

    device: Name
    intra_op: int = Field(strict=True, ge=1, le=MAX_PARALLELISM)
    inter_op: int = Field(strict=True, ge=1, le=MAX_PARALLELISM)
    stage_weight_bytes: tuple[PositiveBytes, ...] = Field(
        description="weights on each device of each stage"
    )
    stage_latency_s: dict[Count, tuple[PositiveSeconds, ...]] = Field(
        description="batch size -> seconds for each stage",
        json_schema_extra={"required": ["1"]},
    )
    stage_activation_bytes: dict[Count, tuple[NonNegativeBytes, ...]] | None = Field(
        default=None, description="batch size -> peak working memory on each device of each stage"
    )
    stages: Stages | None = Field(
        default=None, description="the layers that each stage runs, if known"
    )

    @field_validator("stage_weight_bytes")
    @classmethod
    def _one_weight_a_stage(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        fail_at(_wrong_length((), value, info))
        return value

    @field_validator("stage_latency_s")
    @classmethod
    def _one_latency_a_stage(
        cls, value: dict[int, tuple[float, ...]], info: ValidationInfo
    ) -> dict[int, tuple[float, ...]]:
        issues = [] if 1 in value else [Issue((), "must have batch size 1, found " + _keys(value))]
        for batch_size, latencies in value.items():
            issues += _wrong_length((batch_size,), latencies, info)
        fail_at(issues)
        return value

    @field_validator("stage_activation_bytes")
    @classmethod
    def _one_activation_a_stage(
        cls, value: dict[int, tuple[int, ...]] | None, info: ValidationInfo
    ) -> dict[int, tuple[int, ...]] | None:
        if value is None:
            return value
        issues = []
        for batch_size, activations in value.items():
            issues += _wrong_length((batch_size,), activations, info)
        profiled = info.data.get("stage_latency_s")
        if profiled is not None and set(value) != set(profiled):
            message = f"must have the batch sizes of stage_latency_s ({_keys(profiled)})"
            issues.append(Issue((), f"{message}, found {_keys(value)}"))
        fail_at(issues)
        return value

    @field_validator("stages")
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


class ModelProfileSpec(Spec):
    """All measured configurations of one model; what is not listed cannot be used."""

    kind: Literal["model-profile"]
    version: Literal[1]
    name: Name
    source: str | None = Field(default=None, description="who measured it, and how")
    configs: tuple[ProfiledConfig, ...] = Field(min_length=1)

    @field_validator("configs")
    @classmethod
    def _no_config_twice(cls, configs: tuple[ProfiledConfig, ...]) -> tuple[ProfiledConfig, ...]:
        first: dict[tuple[str, int, int], int] = {}
        issues = []
        for index, config in enumerate(configs):
            key = (config.device, config.intra_op, config.inter_op)
            if key in first:
                name = f"{config.device} intra_op {config.intra_op} inter_op {config.inter_op}"
                issues.append(
                    Issue((index,), f"duplicate {name}, first at number {first[key] + 1}")
                )
            first.setdefault(key, index)
        fail_at(issues)
        return configs

    def find_config(self, device: str, intra_op: int, inter_op: int) -> ProfiledConfig | None:
        """Return the configuration on a device type; None if it is not listed."""
        wanted = (device, intra_op, inter_op)
        for config in self.configs:
            if (config.device, config.intra_op, config.inter_op) == wanted:
                return config
        return None


def _wrong_length(
    where: tuple[int, ...], values: tuple[float, ...], info: ValidationInfo
) -> list[Issue]:
    num_stages = info.data.get("inter_op")
    if num_stages is None or len(values) == num_stages:
        return []
    return [Issue(where, f"must have inter_op = {num_stages} numbers, found {len(values)}")]


def _keys(mapping: dict[int, tuple[float, ...]] | dict[int, tuple[int, ...]]) -> str:
    return ", ".join(str(key) for key in mapping) or "none"
