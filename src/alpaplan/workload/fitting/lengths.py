"""Fitting lengths to the token counts of a trace: lognormal where that fits, else the rows.

Token counts of real services are rarely lognormal: they have several humps, upper limits, and
inputs that go with certain outputs. Where a simple law would tell another story, the recorded
pairs themselves are drawn from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.choices import LengthsChoice
from alpaplan.specs.lengths import (
    MAX_TOKENS,
    ConstantLengths,
    LengthsSpec,
    LognormalLengths,
    TraceLengths,
    lognormal_parameters,
)
from alpaplan.workload.fitting.law import six_digits
from alpaplan.workload.token_statistics import TokenStatistics

CLOSE = 0.05
"""Distance between distributions up to which they are taken for the same however many requests
there are (a fraction of requests; 0.02 to 0.1): means and tails then differ by a few percent."""

NOISE = 1.36
"""The same for few requests, times the square root of their number: the distance that samples of
the very law exceed 5% of the time (Kolmogorov 1933). With parameters of the same requests it is
exceeded less often, so that this errs on the side of the law."""

WEAK = 0.1
CORRELATION_NOISE = 1.96
"""Correlation of input and output up to which they are taken for independent, and the same for few
requests, times the square root of their number: what independent ones exceed 5% of the time."""


@dataclass(frozen=True)
class LengthsFit:
    """Lengths that were fitted to a model's requests.

    Parameters
    ----------
    name
        The model's.
    lengths
        What was chosen.
    measured
        The recorded token counts.
    input_distance, output_distance
        Kolmogorov-Smirnov distance of the recorded counts from the lognormal law of the same mean
        and CV, whether that was chosen or not; 0 for counts that are all the same.
    max_context_tokens
        Most tokens of a request.
    num_too_long
        Requests that have more, which fail.
    """

    name: str
    lengths: LengthsSpec
    measured: TokenStatistics
    input_distance: float
    output_distance: float
    max_context_tokens: int
    num_too_long: int


def fit_lengths(
    name: str,
    tokens: tuple[NDArray[np.int32], NDArray[np.int32]],
    max_context_tokens: int,
    path: str,
    choice: LengthsChoice = LengthsChoice.AUTO,
) -> LengthsFit:
    """Fit lengths to one model's requests.

    Parameters
    ----------
    name
        The model.
    tokens : int32[num_requests], int32[num_requests]
        Input and output tokens of its requests, of which there is at least one.
    max_context_tokens
        Most tokens of a request.
    path
        Of the trace, as a workload names it.
    choice
        Which lengths; lognormal ones are fitted by their moments.
    """
    measured = TokenStatistics.of(*tokens)
    total = tokens[0].astype(np.int64) + tokens[1]
    num_too_long = int(np.count_nonzero(total > max_context_tokens))
    law = _lognormal(measured)
    distances = _distances(law, tokens, max_context_tokens)
    lengths: LengthsSpec = law
    if choice is LengthsChoice.TRACE:
        lengths = TraceLengths(process="trace", path=path)
    elif choice is LengthsChoice.AUTO:
        if law.input_cv == law.output_cv == 0 and not num_too_long:
            lengths = ConstantLengths(
                process="constant", input_tokens=int(tokens[0][0]), output_tokens=int(tokens[1][0])
            )
        elif num_too_long or not _fits(measured, distances):
            lengths = TraceLengths(process="trace", path=path)
    return LengthsFit(name, lengths, measured, *distances, max_context_tokens, num_too_long)


def context_for(largest: int) -> int:
    """Return a context that holds requests of so many tokens: a power of two within the limit."""
    return min(max(2, 1 << (largest - 1).bit_length()), 2 * MAX_TOKENS)


def _lognormal(measured: TokenStatistics) -> LognormalLengths:
    inputs, outputs = measured.input_tokens, measured.output_tokens
    return LognormalLengths(
        process="lognormal",
        input_mean=six_digits(inputs.mean),
        input_cv=six_digits(inputs.cv),
        output_mean=six_digits(outputs.mean),
        output_cv=six_digits(outputs.cv),
    )


def _fits(measured: TokenStatistics, distances: tuple[float, float]) -> bool:
    root = math.sqrt(measured.requests)
    dependence = 0.0 if math.isnan(measured.correlation) else abs(measured.correlation)
    return max(distances) <= max(CLOSE, NOISE / root) and dependence <= max(
        WEAK, CORRELATION_NOISE / root
    )


def _distances(
    law: LognormalLengths,
    tokens: tuple[NDArray[np.int32], NDArray[np.int32]],
    max_context_tokens: int,
) -> tuple[float, float]:
    """Return how far inputs and outputs are from a law that is rounded and clipped."""

    def inputs_up_to(count: NDArray[np.int64]) -> NDArray[np.float64]:
        below = _lognormal_up_to(law.input_mean, law.input_cv, count)
        return np.where(count >= max_context_tokens - 1, 1.0, below)

    def outputs_up_to(count: NDArray[np.int64]) -> NDArray[np.float64]:
        # Longer outputs are clipped if the input leaves no more room.
        longer = 1 - _lognormal_up_to(law.output_mean, law.output_cv, count)
        return 1 - longer * inputs_up_to(max_context_tokens - 1 - count)

    return _distance(tokens[0], inputs_up_to), _distance(tokens[1], outputs_up_to)


def _distance(counts: NDArray[np.int32], up_to: _Distribution) -> float:
    """Return the Kolmogorov-Smirnov distance of counts from a law of whole numbers."""
    value, number = np.unique(counts, return_counts=True)
    seen = np.cumsum(number) / counts.size
    # Between two counts that are there, the law moves away from the lower one's step until it
    # reaches the number just below the next.
    before = np.concatenate([[0.0], seen[:-1]])
    at = value.astype(np.int64)
    above = np.abs(seen - up_to(at)).max()
    below = np.abs(up_to(at - 1) - before).max()
    return float(max(above, below))


def _lognormal_up_to(mean: float, cv: float, count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability that a lognormal length is rounded to at most each number."""
    from scipy.special import ndtr

    mu, sigma = lognormal_parameters(mean, cv)
    log = np.log(np.maximum(count, 1) + 0.5)
    below = np.where(log >= mu, 1.0, 0.0) if sigma == 0 else ndtr((log - mu) / sigma)
    return np.where(count >= 1, below, 0.0)


class _Distribution(Protocol):
    def __call__(self, count: NDArray[np.int64], /) -> NDArray[np.float64]: ...
