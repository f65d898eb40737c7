"""Samples of how long the prompts and answers of an LLM's requests are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.lengths import (
    ConstantLengths,
    Lengths,
    LognormalLengths,
    RecordedLengths,
    lognormal_parameters,
)
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.token_statistics import tokens_of_models
from alpaplan.workload.trace import Trace

TokenCounts = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Input and output tokens of requests, of the same length."""


def sample_lengths(
    lengths: Lengths, max_context_tokens: int, count: int, rng: np.random.Generator
) -> TokenCounts:
    """Draw input and output tokens of requests, independently of each other request.

    Lognormal lengths are rounded to the nearest whole number, at least 1; then the input is clipped
    to leave room for one token, and the output to what room the input leaves. Recorded pairs are
    drawn uniformly with replacement, and kept even if they are too long.

    Parameters
    ----------
    lengths
        What they are like.
    max_context_tokens
        Most tokens of a request, input and output together; at least 2.
    count
        Number of requests.
    rng
        Source of randomness. Lognormal lengths take all inputs from it, then all outputs.

    Returns
    -------
    tuple of int32[count]
        Each at least 1.
    """
    match lengths:
        case ConstantLengths():
            return (
                np.full(count, lengths.input_tokens, np.int32),
                np.full(count, lengths.output_tokens, np.int32),
            )
        case LognormalLengths():
            inputs = _lognormal(lengths.input_mean, lengths.input_cv, count, rng)
            outputs = _lognormal(lengths.output_mean, lengths.output_cv, count, rng)
            inputs = np.minimum(inputs, max_context_tokens - 1)
            outputs = np.minimum(outputs, max_context_tokens - inputs)
            return inputs.astype(np.int32), outputs.astype(np.int32)
        case RecordedLengths():
            rows = rng.integers(0, lengths.input_tokens.size, count)
            return lengths.input_tokens[rows], lengths.output_tokens[rows]
    raise ValueError("lengths must be read from their trace before they are sampled")


def with_recorded_lengths(
    models: Sequence[ServedModel], traces: Mapping[str, Trace]
) -> tuple[ServedModel, ...]:
    """Give LLMs the lengths of their rows of traces, in place of what a document says of them.

    Parameters
    ----------
    models
        The models.
    traces
        Model name -> trace, where there is one: that its lengths are drawn from, or that its
        arrivals come from. Models without rows keep what they have.
    """
    tokens = {id(trace): tokens_of_models(trace) for trace in traces.values()}
    found = []
    for model in models:
        trace = traces.get(model.name)
        counts = None if trace is None else tokens[id(trace)].get(model.name)
        if model.is_llm and counts is not None:
            model = replace(model, lengths=RecordedLengths(*counts))
        found.append(model)
    return tuple(found)


def _lognormal(mean: float, cv: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.maximum(np.rint(rng.lognormal(*lognormal_parameters(mean, cv), count)), 1.0)
