"""What to expect of a placement, from several runs on arrivals that the search has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import Replay, Simulator
from alpaplan.simulator.engine_statistics import (
    EngineStatistics,
    TokenTimes,
    engines_of_groups,
)
from alpaplan.simulator.evaluation import ratio
from alpaplan.simulator.intervals import mean_interval_95, next_run_interval_95
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.simulator.statistics import utilizations
from alpaplan.workload.trace import Trace

_ALL_LLMS = -1
"""Key of all LLMs together, beside the indices of single models."""


@dataclass(frozen=True)
class ModelPrediction:
    """What to expect for one model.

    Parameters
    ----------
    requests, attained
        Its requests in all runs, and those finished within their deadline.
    latency
        Latencies of its attained requests.
    tokens
        Times to the tokens of served requests; None if it is no LLM.
    """

    requests: int
    attained: int
    latency: LatencyStatistics
    tokens: TokenTimes | None = None

    @property
    def slo_attainment(self) -> float:
        """Fraction of its requests; NaN if none came."""
        return ratio(self.attained, self.requests)


@dataclass(frozen=True)
class Prediction:
    """What to expect of a placement.

    Parameters
    ----------
    slo_attainment
        Fraction of the requests of all runs, not weighted.
    confidence_interval_95
        Where the expected attainment lies.
    prediction_interval_95
        Where the attainment of one more run of `run_s` seconds lies: wider, as bursts differ.
    goodput_rps
        Requests per second finished within their deadline.
    latency
        Latencies of attained requests.
    models
        By model, in problem order.
    group_utilization
        By group, the fraction of time that a stage worked, averaged over its stages and the runs.
    group_engines
        By group, its engines in replica order: the highest peak of all runs, and the sum of their
        preemptions. Empty for groups without LLMs.
    num_runs, run_s, num_requests
        How many runs, how long each, and the requests of all of them.
    tokens, output_tokens_per_s
        Times to the tokens of served requests of all LLMs, and the tokens of their answers per
        second of a run, until the last of them is there; None without LLMs.
    """

    slo_attainment: float
    confidence_interval_95: tuple[float, float]
    prediction_interval_95: tuple[float, float]
    goodput_rps: float
    latency: LatencyStatistics
    models: tuple[ModelPrediction, ...]
    group_utilization: tuple[float, ...]
    group_engines: tuple[tuple[EngineStatistics, ...], ...]
    num_runs: int
    run_s: float
    num_requests: int
    tokens: TokenTimes | None = None
    output_tokens_per_s: float | None = None


def predict(
    problem: PlacementProblem, simulators: Sequence[Simulator], placement: Placement
) -> Prediction:
    """Run a placement on each simulator's arrivals and sum up.

    Parameters
    ----------
    problem
        The problem.
    simulators
        At least two, of arrivals of equal length that the search did not see.
    placement
        What to judge.
    """
    replays = [simulator.replay(placement) for simulator in simulators]
    traces = [simulator.trace for simulator in simulators]
    requests = np.sum([replay.evaluation.requests for replay in replays], axis=0)
    attained = np.sum([replay.evaluation.attained for replay in replays], axis=0)
    latency_s = np.concatenate([replay.latency_s for replay in replays])
    model = np.concatenate([trace.model for trace in traces])
    done = ~np.isnan(latency_s)
    latency_s, model = latency_s[done], model[done]
    by_model = np.split(
        latency_s[np.argsort(model, kind="stable")],
        np.cumsum(np.bincount(model, minlength=problem.num_models))[:-1],
    )
    tokens = _tokens_of(problem, traces, replays)
    busy = [utilizations(trace, replay) for trace, replay in zip(traces, replays, strict=True)]
    runs = np.array([replay.evaluation.slo_attainment for replay in replays], dtype=np.float64)
    runs = runs[~np.isnan(runs)]
    duration_s = sum(trace.duration_s for trace in traces)
    return Prediction(
        slo_attainment=int(attained.sum()) / max(1, int(requests.sum())),
        confidence_interval_95=mean_interval_95(runs),
        prediction_interval_95=next_run_interval_95(runs),
        goodput_rps=int(attained.sum()) / duration_s,
        latency=LatencyStatistics.of(latency_s),
        models=tuple(
            ModelPrediction(
                int(requests[m]),
                int(attained[m]),
                LatencyStatistics.of(by_model[m]),
                tokens.get(m),
            )
            for m in range(problem.num_models)
        ),
        group_utilization=tuple(np.mean(busy, axis=0).tolist()),
        group_engines=_group_engines(problem, replays, placement.num_groups),
        num_runs=len(simulators),
        run_s=traces[0].duration_s,
        num_requests=int(requests.sum()),
        tokens=tokens.get(_ALL_LLMS),
        output_tokens_per_s=_output_tokens_per_s(traces, replays),
    )


def _tokens_of(
    problem: PlacementProblem, traces: Sequence[Trace], replays: Sequence[Replay]
) -> dict[int, TokenTimes]:
    """Return the times to tokens in all runs, by LLM, and for `_ALL_LLMS` together."""
    if problem.engines is None:
        return {}
    engines = [replay.engines for replay in replays if replay.engines is not None]
    served = ~np.isnan(np.concatenate([each.end_to_end_s for each in engines]))
    model = np.concatenate([trace.model for trace in traces])[served]
    ttft_s = np.concatenate([each.ttft_s for each in engines])[served]
    tpot_s = np.concatenate([each.tpot_s for each in engines])[served]
    found = {_ALL_LLMS: TokenTimes.of_times(ttft_s, tpot_s)}
    for m in np.flatnonzero(problem.model_is_llm).tolist():
        own = model == m
        found[m] = TokenTimes.of_times(ttft_s[own], tpot_s[own])
    return found


def _group_engines(
    problem: PlacementProblem, replays: Sequence[Replay], num_groups: int
) -> tuple[tuple[EngineStatistics, ...], ...]:
    runs = [engines_of_groups(problem, replay.engines, num_groups) for replay in replays]
    return tuple(
        tuple(
            replace(
                of_runs[0],
                kv_peak_tokens=max(engine.kv_peak_tokens for engine in of_runs),
                preemptions=sum(engine.preemptions for engine in of_runs),
            )
            for of_runs in zip(*of_group, strict=True)
        )
        for of_group in zip(*runs, strict=True)
    )


def _output_tokens_per_s(traces: Sequence[Trace], replays: Sequence[Replay]) -> float | None:
    num_tokens, duration_s = 0, 0.0
    for trace, replay in zip(traces, replays, strict=True):
        if replay.engines is None or trace.output_tokens is None:
            return None
        end_to_end_s = replay.engines.end_to_end_s
        served = ~np.isnan(end_to_end_s)
        num_tokens += int(trace.output_tokens[served].sum())
        finish_s = trace.arrival_s[served] + end_to_end_s[served]
        duration_s += float(max(trace.duration_s, finish_s.max(initial=0.0)))
    return num_tokens / duration_s
