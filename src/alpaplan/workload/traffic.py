"""What the traffic of a trace or of a workload document looks like, model by model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.lengths import ConstantLengths, LognormalLengths, RecordedLengths
from alpaplan.specs.workload import ServedModel
from alpaplan.units import finite_or_none
from alpaplan.workload.arrival_sets import recorded_trace
from alpaplan.workload.arrivals import ArrivalProcess, process_of
from alpaplan.workload.lengths import sample_lengths
from alpaplan.workload.statistics import (
    DISPERSION_WINDOWS_S,
    ArrivalStatistics,
    TraceStatistics,
    trace_statistics,
)
from alpaplan.workload.token_statistics import TokenStatistics, tokens_of_models
from alpaplan.workload.trace import Trace

LENGTH_SAMPLES = 100_000
"""Samples that quantiles of lognormal lengths are taken from (a count; 10,000 to 1,000,000): the
99th percentile is then off by about half a percent."""

_UNKNOWN = (math.nan,) * len(DISPERSION_WINDOWS_S)


@dataclass(frozen=True)
class ModelTraffic:
    """The traffic of one model, or of all together: measured, or what its process has.

    Parameters
    ----------
    process
        What a workload document calls it; None for all together.
    dispersion_limit
        Limit of the index of dispersion of counts in ever longer windows; NaN for recorded
        arrivals, and where there is none or it is not known.
    measured
        Name and statistics; of a process the number of requests is 0 and not meant, and what is
        measured in windows is NaN.
    tokens
        Token counts of an LLM's requests; None where there are none.
    """

    process: str | None
    dispersion_limit: float
    measured: ArrivalStatistics
    tokens: TokenStatistics | None = None

    @property
    def requests(self) -> int | None:
        """Recorded requests; None for a process."""
        return self.measured.requests if self.process == "trace" else None

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `alpaplan workload stats --format json` prints of it."""
        named = {} if self.measured.name is None else {"name": self.measured.name}
        windows = zip(DISPERSION_WINDOWS_S, self.measured.dispersion, strict=True)
        return {
            **named,
            "process": self.process,
            "requests": self.requests,
            "rate_rps": finite_or_none(self.measured.rate_rps),
            "cv": finite_or_none(self.measured.cv),
            "index_of_dispersion": {
                f"{window_s:g}s": finite_or_none(index) for window_s, index in windows
            },
            "index_of_dispersion_limit": finite_or_none(self.dispersion_limit),
            "peak_over_mean": finite_or_none(self.measured.peak_over_mean),
            **({} if self.tokens is None else self.tokens.to_json_dict()),
        }


@dataclass(frozen=True)
class TrafficSummary:
    """The traffic of all models.

    Parameters
    ----------
    source
        Where it is from.
    duration_s
        Length of the observed time; None if there is none, as some models have a process.
    overall
        All models together.
    models
        Each model, in the order of the file.
    """

    source: Literal["trace", "workload"]
    duration_s: float | None
    overall: ModelTraffic
    models: tuple[ModelTraffic, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `alpaplan workload stats --format json` prints."""
        overall = self.overall.to_json_dict()
        del overall["process"]
        return {
            "source": self.source,
            "duration_s": self.duration_s,
            **overall,
            "models": [model.to_json_dict() for model in self.models],
        }


def traffic_of_trace(trace: Trace) -> TrafficSummary:
    """Return the measured traffic of a trace."""
    statistics = trace_statistics(trace)
    tokens = _tokens_of(trace)
    return TrafficSummary(
        "trace",
        trace.duration_s,
        ModelTraffic("trace", math.nan, statistics.overall),
        tuple(
            ModelTraffic("trace", math.nan, one, tokens.get(one.name or ""))
            for one in statistics.models
        ),
    )


def traffic_of_workload(
    models: Sequence[ServedModel], recorded: Mapping[str, Trace]
) -> TrafficSummary:
    """Return the traffic that a workload's processes have, and that of its recordings.

    Parameters
    ----------
    models
        The workload's models.
    recorded
        Model name -> trace of its file, for models with recorded arrivals.
    """
    measured: dict[int, TraceStatistics] = {}
    for trace in recorded.values():
        if id(trace) not in measured:
            measured[id(trace)] = trace_statistics(trace)
    traffic = tuple(
        replace(
            _recorded(model.name, measured[id(recorded[model.name])])
            if isinstance(model.arrivals, TraceArrivals)
            else _analytic(model.name, model.arrivals.process, process_of(model.arrivals)),
            tokens=_tokens_of_lengths(model),
        )
        for model in models
    )
    if all(one.process == "trace" for one in traffic) and all(
        trace.duration_s > 0 for trace in recorded.values()
    ):
        joined = recorded_trace(models, recorded)
        overall = ModelTraffic("trace", math.nan, trace_statistics(joined).overall)
        return TrafficSummary("workload", joined.duration_s, overall, traffic)
    return TrafficSummary("workload", None, _together(traffic), traffic)


def _tokens_of(trace: Trace) -> dict[str, TokenStatistics]:
    return {name: TokenStatistics.of(*counts) for name, counts in tokens_of_models(trace).items()}


def _tokens_of_lengths(model: ServedModel) -> TokenStatistics | None:
    """Return the token counts that an LLM's lengths have, after rounding and clipping."""
    match model.lengths:
        case RecordedLengths(input_tokens=inputs, output_tokens=outputs):
            return TokenStatistics.of(inputs, outputs)
        case ConstantLengths() | LognormalLengths() as lengths:
            rng = np.random.default_rng(0)
            context = model.max_context_tokens or 2
            return TokenStatistics.of(*sample_lengths(lengths, context, LENGTH_SAMPLES, rng))
    return None


def _analytic(name: str, kind: str, process: ArrivalProcess) -> ModelTraffic:
    rate_and_cv = (process.rate_rps, process.cv)
    statistics = ArrivalStatistics(name, 0, *rate_and_cv, _UNKNOWN, math.nan)
    return ModelTraffic(kind, process.dispersion, statistics)


def _recorded(name: str, statistics: TraceStatistics) -> ModelTraffic:
    silent = ArrivalStatistics(name, 0, 0.0, math.nan, _UNKNOWN, math.nan)
    own = next((one for one in statistics.models if one.name == name), silent)
    return ModelTraffic("trace", math.nan, own)


def _together(traffic: Sequence[ModelTraffic]) -> ModelTraffic:
    """Add up independent models: rates, and the variances of counts that dispersion stands for."""
    rates = np.array([one.measured.rate_rps for one in traffic])
    limits = np.array([one.dispersion_limit for one in traffic])
    all_poisson = all(one.process == "poisson" for one in traffic)
    total = float(rates.sum())
    cv = traffic[0].measured.cv if len(traffic) == 1 else 1.0 if all_poisson else math.nan
    limit = float(rates @ limits) / total if total > 0 else math.nan
    return ModelTraffic(None, limit, ArrivalStatistics(None, 0, total, cv, _UNKNOWN, math.nan))
