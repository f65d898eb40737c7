"""How long the prompts and answers of LLMs are: quantiles, and how they depend on each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace

QUANTILES = (0.5, 0.9, 0.99)
"""Quantiles that are shown, between two counts on the line through them."""


@dataclass(frozen=True)
class CountStatistics:
    """Statistics of some token counts.

    Parameters
    ----------
    mean, cv
        Mean, and standard deviation over mean, with the population's deviation.
    quantiles
        For each of `QUANTILES`.
    largest
        The largest count.
    """

    mean: float
    cv: float
    quantiles: tuple[float, ...]
    largest: int

    @classmethod
    def of(cls, counts: NDArray[np.integer]) -> CountStatistics:
        """Compute them; there is at least one count, above 0."""
        mean = float(counts.mean())
        quantiles = tuple(np.quantile(counts, QUANTILES).tolist())
        return cls(mean, float(counts.std()) / mean, quantiles, int(counts.max()))

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `alpaplan workload stats --format json` prints of it."""
        shown = {f"p{round(100 * q)}": n for q, n in zip(QUANTILES, self.quantiles, strict=True)}
        return {"mean": self.mean, "cv": self.cv, **shown, "max": self.largest}


@dataclass(frozen=True)
class TokenStatistics:
    """Token counts of one LLM's requests.

    Parameters
    ----------
    requests
        Requests with both counts.
    input_tokens, output_tokens, total_tokens
        Of the prompts, of the answers, and of both together, which `max_context_tokens` limits.
    correlation
        Pearson's, of input and output; NaN if one of them is the same in all requests.
    """

    requests: int
    input_tokens: CountStatistics
    output_tokens: CountStatistics
    total_tokens: CountStatistics
    correlation: float

    @classmethod
    def of(
        cls, input_tokens: NDArray[np.int32], output_tokens: NDArray[np.int32]
    ) -> TokenStatistics:
        """Compute them.

        Parameters
        ----------
        input_tokens, output_tokens : int32[num_requests]
            At least one each, and above 0.
        """
        total = input_tokens.astype(np.int64) + output_tokens
        return cls(
            input_tokens.size,
            CountStatistics.of(input_tokens),
            CountStatistics.of(output_tokens),
            CountStatistics.of(total),
            correlation(input_tokens, output_tokens),
        )

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `alpaplan workload stats --format json` prints of it."""
        return {
            "input_tokens": self.input_tokens.to_json_dict(),
            "output_tokens": self.output_tokens.to_json_dict(),
            "total_tokens": self.total_tokens.to_json_dict(),
            "token_correlation": finite_or_none(self.correlation),
        }


def tokens_of_models(trace: Trace) -> dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Return input and output tokens of the models that have rows with both, in row order."""
    if trace.input_tokens is None or trace.output_tokens is None:
        return {}
    rows = np.flatnonzero((trace.input_tokens > 0) & (trace.output_tokens > 0))
    order = rows[np.argsort(trace.model[rows], kind="stable")]
    counts = np.bincount(trace.model[rows], minlength=len(trace.model_names))
    return {
        name: (trace.input_tokens[own], trace.output_tokens[own])
        for name, own in zip(
            trace.model_names, np.split(order, np.cumsum(counts)[:-1]), strict=True
        )
        if own.size
    }


def correlation(first: NDArray[np.integer], second: NDArray[np.integer]) -> float:
    """Return Pearson's correlation of two columns of counts; NaN if one of them is constant."""
    x, y = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale > 0 else math.nan
