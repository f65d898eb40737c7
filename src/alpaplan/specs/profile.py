"""The model profile: what a model costs in each parallel configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from alpaplan.errors import Issue
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.fields import (
    Count,
    Name,
    NonNegativeBytes,
    PositiveSeconds,
    Spec,
    fail_at,
)
from alpaplan.specs.parallel_config import ParallelConfig, wrong_length
from alpaplan.specs.stages import Stages


class ProfiledConfig(ParallelConfig):
    """One parallel configuration of a fixed-service model, as measured."""

    foreign_keys: ClassVar[Mapping[str, str]] = dict.fromkeys(
        EngineConfig.model_fields.keys() - ParallelConfig.model_fields.keys() - {"stages"},
        "is for LLMs, whose configurations have stage_step_s",
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

    @field_validator("stage_latency_s")
    @classmethod
    def _one_latency_a_stage(
        cls, value: dict[int, tuple[float, ...]], info: ValidationInfo
    ) -> dict[int, tuple[float, ...]]:
        issues = [] if 1 in value else [Issue((), "must have batch size 1, found " + _keys(value))]
        for batch_size, latencies in value.items():
            issues += wrong_length((batch_size,), latencies, info)
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
            issues += wrong_length((batch_size,), activations, info)
        profiled = info.data.get("stage_latency_s")
        if profiled is not None and set(value) != set(profiled):
            message = f"must have the batch sizes of stage_latency_s ({_keys(profiled)})"
            issues.append(Issue((), f"{message}, found {_keys(value)}"))
        fail_at(issues)
        return value


FIXED_SERVICE_TAG = "<fixed-service>"
LLM_TAG = "<llm>"
"""How pydantic calls the two kinds of configurations; no key of a document is called so."""


def _kind_of(config: object) -> str:
    has_steps = isinstance(config, dict) and "stage_step_s" in config
    return LLM_TAG if has_steps or isinstance(config, EngineConfig) else FIXED_SERVICE_TAG


AnyConfig = Annotated[
    Annotated[ProfiledConfig, Tag(FIXED_SERVICE_TAG)] | Annotated[EngineConfig, Tag(LLM_TAG)],
    Discriminator(_kind_of),
]
"""A configuration of either kind: an LLM's has ``stage_step_s``."""


class ModelProfileSpec(Spec):
    """All measured configurations of one model; what is not listed cannot be used."""

    kind: Literal["model-profile"]
    version: Literal[1]
    name: Name
    source: str | None = Field(default=None, description="who measured it, and how")
    configs: tuple[AnyConfig, ...] = Field(min_length=1)

    @field_validator("configs")
    @classmethod
    def _no_config_twice(cls, configs: tuple[AnyConfig, ...]) -> tuple[AnyConfig, ...]:
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

    @field_validator("configs")
    @classmethod
    def _one_kind(cls, configs: tuple[AnyConfig, ...]) -> tuple[AnyConfig, ...]:
        is_llm = isinstance(configs[0], EngineConfig)
        wanted, other = "stage_latency_s", "stage_step_s"
        if is_llm:
            wanted, other = other, wanted
        fail_at(
            Issue((index,), f"must have {wanted} as the first one has, found {other}")
            for index, config in enumerate(configs)
            if isinstance(config, EngineConfig) is not is_llm
        )
        return configs

    @property
    def is_llm(self) -> bool:
        """Whether its models are LLMs, which engines serve; all others are fixed-service."""
        return isinstance(self.configs[0], EngineConfig)

    @property
    def fixed_configs(self) -> tuple[ProfiledConfig, ...]:
        """All configurations of a fixed-service model; none of an LLM."""
        return tuple(config for config in self.configs if isinstance(config, ProfiledConfig))

    @property
    def engine_configs(self) -> tuple[EngineConfig, ...]:
        """All configurations of an LLM; none of a fixed-service model."""
        return tuple(config for config in self.configs if isinstance(config, EngineConfig))

    def find_config(
        self, device: str, intra_op: int, inter_op: int
    ) -> ProfiledConfig | EngineConfig | None:
        """Return the configuration on a device type; None if it is not listed."""
        wanted = (device, intra_op, inter_op)
        for config in self.configs:
            if (config.device, config.intra_op, config.inter_op) == wanted:
                return config
        return None


def _keys(mapping: dict[int, tuple[float, ...]] | dict[int, tuple[int, ...]]) -> str:
    return ", ".join(str(key) for key in mapping) or "none"
