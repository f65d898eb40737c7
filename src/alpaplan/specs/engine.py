"""What an LLM's engine takes in one parallel configuration: steps, KV tokens and memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from alpaplan.specs.fields import (
    BYTES_PATTERN,
    Count,
    NonNegativeBytes,
    NonNegativeSeconds,
    PositiveSeconds,
    fail_at,
    quantity_reader,
    quantity_schema,
)
from alpaplan.specs.parallel_config import ParallelConfig, wrong_length
from alpaplan.specs.stages import Stages
from alpaplan.units import parse_bytes

MAX_KV_BYTES_PER_TOKEN = 10**9
"""Most bytes of one token's keys and values on a device (far above any model): with the longest
context they stay inside 64-bit integers."""

KvBytes = Annotated[
    int,
    BeforeValidator(quantity_reader(parse_bytes, ge=1, le=MAX_KV_BYTES_PER_TOKEN)),
    quantity_schema(
        "bytes: a number or text like 128KiB", BYTES_PATTERN, ge=1, le=MAX_KV_BYTES_PER_TOKEN
    ),
]


class EngineConfig(ParallelConfig):
    """One parallel configuration of an LLM with continuous batching."""

    foreign_keys: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("stage_latency_s", "stage_activation_bytes"),
        "is for fixed-service models, and cannot stand beside stage_step_s",
    )

    stage_working_bytes: tuple[NonNegativeBytes, ...] | None = Field(
        default=None,
        description="memory of an engine beside weights and KV cache, on each device of each stage",
    )
    stage_kv_bytes_per_token: tuple[KvBytes, ...] = Field(
        description="keys and values of one token, on each device of each stage"
    )
    stage_step_s: dict[Count, tuple[PositiveSeconds, ...]] = Field(
        description="tokens in an iteration -> seconds for each stage, without KV reads and "
        "attention",
        min_length=1,
    )
    stage_kv_read_s: tuple[NonNegativeSeconds, ...] | None = Field(
        default=None,
        description="seconds for each KV token that decoding requests attend to, for each stage",
    )
    stage_attention_s: tuple[NonNegativeSeconds, ...] | None = Field(
        default=None,
        description="seconds for each pair of a prompt token and a token at or before it, for each "
        "stage",
    )
    stages: Stages | None = Field(
        default=None, description="the layers that each stage runs, if known"
    )

    @field_validator(
        "stage_working_bytes", "stage_kv_bytes_per_token", "stage_kv_read_s", "stage_attention_s"
    )
    @classmethod
    def _one_number_a_stage(
        cls, value: tuple[float, ...] | None, info: ValidationInfo
    ) -> tuple[float, ...] | None:
        if value is not None:
            fail_at(wrong_length((), value, info))
        return value

    @field_validator("stage_step_s")
    @classmethod
    def _one_step_a_stage(
        cls, value: dict[int, tuple[float, ...]], info: ValidationInfo
    ) -> dict[int, tuple[float, ...]]:
        fail_at(
            issue
            for tokens, steps in value.items()
            for issue in wrong_length((tokens,), steps, info)
        )
        return value
