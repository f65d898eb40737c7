"""How many tokens an LLM's requests have, and what their users expect of the answers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from alpaplan.specs.fields import (
    NUMBER_PATTERN,
    NonNegativeNumber,
    PositiveSeconds,
    Spec,
    quantity_reader,
    quantity_schema,
)
from alpaplan.units import parse_number

MAX_TOKENS = 10_000_000
"""Most tokens of a prompt, and of an answer: as many as the longest context of any model."""

TokenCount = Annotated[int, Field(strict=True, ge=1, le=MAX_TOKENS)]
"""Tokens of a prompt or of an answer."""

MeanTokens = Annotated[
    float,
    BeforeValidator(quantity_reader(parse_number, gt=0, le=MAX_TOKENS)),
    quantity_schema("mean number of tokens", NUMBER_PATTERN + "$", gt=0, le=MAX_TOKENS),
]


class TokenObjectives(Spec):
    """Objectives of an LLM's answers, on their first token and on those that follow."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["ttft_s"]}, {"required": ["tpot_s"]}]}
    )

    ttft_s: PositiveSeconds | None = Field(
        default=None, description="from arrival to the first token"
    )
    tpot_s: PositiveSeconds | None = Field(
        default=None, description="from the first token to the last, for each token after the first"
    )

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.ttft_s is None and self.tpot_s is None:
            text = "must have ttft_s, tpot_s or both, found none"
            raise PydanticCustomError("objective", "{text}", {"text": text})
        return self


class ConstantLengths(Spec):
    """The same lengths for every request."""

    process: Literal["constant"]
    input_tokens: TokenCount
    output_tokens: TokenCount


class LognormalLengths(Spec):
    """Lognormal lengths, input and output independent; cv is standard deviation over mean.

    Both are those before rounding and clipping; see `alpaplan.workload.lengths`.
    """

    process: Literal["lognormal"]
    input_mean: MeanTokens
    input_cv: NonNegativeNumber
    output_mean: MeanTokens
    output_cv: NonNegativeNumber


class TraceLengths(Spec):
    """Pairs of lengths drawn from the rows of a trace that have the model's name."""

    process: Literal["trace"]
    path: str = Field(strict=True, min_length=1, description="relative to the workload file")


LengthsSpec = ConstantLengths | LognormalLengths | TraceLengths
"""Processes of lengths; ``process`` tells them apart."""
