"""From a workload's models to one trace of all their arrivals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import Issue, SpecError, TooManyArrivalsError
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.arrivals import (
    MAX_ARRIVALS,
    ArrivalProcess,
    bent_process_of,
    process_of,
)
from alpaplan.workload.lengths import TokenCounts, sample_lengths
from alpaplan.workload.model_order import random_streams_of
from alpaplan.workload.trace import Trace

_NO_TOKENS: TokenCounts = (np.empty(0, np.int32), np.empty(0, np.int32))


def sample_trace(
    models: Sequence[ServedModel],
    duration_s: float,
    rng: np.random.Generator,
    *,
    cold_start: bool = False,
) -> Trace:
    """Draw the arrivals of all models in ``[0, duration_s)``.

    Every model has a generator of its own; see `model_order.random_streams_of`. The arrivals of an
    LLM do not depend on its lengths, which are drawn after them. Models with recorded arrivals
    contribute nothing; `merge_traces` adds theirs.

    Parameters
    ----------
    models
        Whose arrivals to draw.
    duration_s
        Length of the sample.
    rng
        Source of randomness.
    cold_start
        Start all renewal processes with a whole gap; see `ArrivalProcess.sample`.

    Returns
    -------
    Trace
        Of all `models`, in the given order; equal times are in model order.

    Raises
    ------
    SpecError
        If there are too many arrivals; it names the workload's entries.
    ValueError
        If `duration_s` is negative or not finite.
    """
    _check_total(models, expected_rate_rps(models) * duration_s)
    parts = [np.empty(0)]
    tokens = [_NO_TOKENS]
    for model, own_rng in zip(models, random_streams_of(models, rng), strict=True):
        if isinstance(model.arrivals, TraceArrivals):
            parts.append(parts[0])
            tokens.append(_NO_TOKENS)
            continue
        try:
            parts.append(_process(model).sample(duration_s, own_rng, cold_start=cold_start))
        except TooManyArrivalsError as error:
            where = ("models", model.entry, "arrivals")
            raise SpecError("workload", [Issue(where, str(error))]) from error
        tokens.append(_tokens(model, parts[-1].size, own_rng))
    counts = [part.size for part in parts[1:]]
    has_tokens = any(model.is_llm for model in models)
    return _in_order(
        Trace(
            np.concatenate(parts),
            np.repeat(np.arange(len(models), dtype=np.int32), counts),
            tuple(model.name for model in models),
            duration_s,
            *(np.concatenate(column) for column in zip(*tokens, strict=True) if has_tokens),
        )
    )


def merge_traces(traces: Sequence[Trace], duration_s: float) -> Trace:
    """Join traces of the same models into one, such as sampled and recorded arrivals.

    Parameters
    ----------
    traces
        At least one, all with the same `model_names`.
    duration_s
        Observed time of the result. No arrival is dropped: cut with `Trace.window` before.

    Returns
    -------
    Trace
        Equal times are in the order of `traces`.

    Raises
    ------
    ValueError
        If there is no trace, or their model names differ.
    """
    model_names = traces[0].model_names if traces else ()
    if not traces or any(trace.model_names != model_names for trace in traces):
        raise ValueError("must be at least one trace, and all of the same models")
    return _in_order(Trace.joined(traces, duration_s))


def expected_rate_rps(models: Sequence[ServedModel]) -> NDArray[np.float64]:
    """Return the long-run rate of each model, NaN where arrivals are recorded.

    Returns
    -------
    float64[num_models]
        Requests per second.
    """
    return np.array(
        [
            np.nan
            if isinstance(model.arrivals, TraceArrivals)
            else process_of(model.arrivals).rate_rps
            for model in models
        ],
        dtype=np.float64,
    )


def _process(model: ServedModel) -> ArrivalProcess:
    if model.stated is None:
        return process_of(model.arrivals)
    return bent_process_of(model.stated.arrivals, model.arrivals)


def _check_total(models: Sequence[ServedModel], expected: NDArray[np.float64]) -> None:
    """Refuse, before anything is drawn, what would fill the memory."""
    total = float(np.nansum(expected))
    if not total > MAX_ARRIVALS:
        return
    limit = f"must be at most {MAX_ARRIVALS:,} arrivals"
    too_many = {
        model.entry: Issue(("models", model.entry, "arrivals"), f"{limit}, found about {own:.3g}")
        for model, own in zip(models, expected.tolist(), strict=True)
        if own > MAX_ARRIVALS
    }
    together = Issue(("models",), f"{limit} together, found about {total:.3g}")
    raise SpecError("workload", too_many.values() or [together])


def _tokens(model: ServedModel, count: int, rng: np.random.Generator) -> TokenCounts:
    """Draw the lengths of an LLM's requests, after its arrivals; 0 for fixed-service models."""
    if model.lengths is None or model.max_context_tokens is None:
        return np.zeros(count, np.int32), np.zeros(count, np.int32)
    return sample_lengths(model.lengths, model.max_context_tokens, count, rng)


def _in_order(trace: Trace) -> Trace:
    return trace.take(np.argsort(trace.arrival_s, kind="stable"))
