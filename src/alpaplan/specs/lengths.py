"""How many tokens an LLM's requests have, and what their users expect of the answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


@dataclass(frozen=True)
class MeanLengths:
    """Mean tokens of a model's requests."""

    input_tokens: float
    output_tokens: float

    @classmethod
    def unknown(cls, max_context_tokens: int) -> MeanLengths:
        """Return what stands for lengths that nobody knows: two halves of the context."""
        return cls(max_context_tokens / 2, max_context_tokens / 2)


class ConstantLengths(Spec):
    """The same lengths for every request."""

    process: Literal["constant"]
    input_tokens: TokenCount
    output_tokens: TokenCount

    def mean(self, max_context_tokens: int) -> MeanLengths:
        """Return the mean lengths of requests; the context is known to hold them."""
        return MeanLengths(self.input_tokens, self.output_tokens)


class LognormalLengths(Spec):
    """Lognormal lengths, input and output independent; cv is standard deviation over mean.

    Both are those before rounding and clipping; see `alpaplan.workload.lengths`.
    """

    process: Literal["lognormal"]
    input_mean: MeanTokens
    input_cv: NonNegativeNumber
    output_mean: MeanTokens
    output_cv: NonNegativeNumber

    def mean(self, max_context_tokens: int) -> MeanLengths:
        """Return about the mean lengths of requests that are clipped to a context."""
        inputs = clipped_mean(self.input_mean, self.input_cv, max_context_tokens - 1)
        room = max_context_tokens - inputs
        return MeanLengths(inputs, clipped_mean(self.output_mean, self.output_cv, room))


class TraceLengths(Spec):
    """Pairs of lengths drawn from the rows of a trace that have the model's name.

    `RecordedLengths` take their place once the trace is read.
    """

    process: Literal["trace"]
    path: str = Field(strict=True, min_length=1, description="relative to the workload file")

    def mean(self, max_context_tokens: int) -> MeanLengths:
        """Return nothing of use: the trace was not read."""
        return MeanLengths.unknown(max_context_tokens)


LengthsSpec = ConstantLengths | LognormalLengths | TraceLengths
"""Processes of lengths; ``process`` tells them apart."""


@dataclass(frozen=True, eq=False)
class RecordedLengths:
    """Pairs of lengths that were read from a trace, where a model's lengths are recorded.

    Parameters
    ----------
    input_tokens, output_tokens : int32[num_rows]
        Of each of the model's rows.
    """

    input_tokens: NDArray[np.int32]
    output_tokens: NDArray[np.int32]

    def mean(self, max_context_tokens: int) -> MeanLengths:
        """Return the mean lengths of the rows that the context holds."""
        fits = self.input_tokens + self.output_tokens <= max_context_tokens
        if not fits.any():
            return MeanLengths.unknown(max_context_tokens)
        return MeanLengths(
            float(self.input_tokens[fits].mean()), float(self.output_tokens[fits].mean())
        )


Lengths = ConstantLengths | LognormalLengths | TraceLengths | RecordedLengths
"""Lengths of a model's requests, as a document has them or as they were read from a trace."""


def lognormal_parameters(mean: float, cv: float) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of a lognormal variable.

    From its moments; Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions vol. 1
    (2nd ed.), chapter 14.
    """
    sigma = math.sqrt(math.log1p(cv**2))
    return math.log(mean) - sigma**2 / 2, sigma


def clipped_mean(mean: float, cv: float, most: float) -> float:
    """Return the mean of the smaller one of a lognormal variable and a number, at least 1.

    Parameters
    ----------
    mean, cv
        Of the variable.
    most
        The number, above 0.
    """
    mu, sigma = lognormal_parameters(mean, cv)
    if sigma == 0:
        return max(1.0, min(mean, most))
    z = (math.log(most) - mu) / sigma
    return max(1.0, mean * _normal_cdf(z - sigma) + most * (1 - _normal_cdf(z)))


def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
