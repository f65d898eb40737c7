"""Statistics of a simulation, from the fate of each request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator.batch_statistics import BatchStatistics
from alpaplan.simulator.engine_statistics import (
    EngineStatistics,
    LlmStatistics,
    TokenTimes,
    engines_of_groups,
    llm_statistics,
)
from alpaplan.simulator.evaluation import Replay, ratio
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.simulator.placement_statistics import PlacementStatistics
from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class ModelStatistics:
    """One model. `slo_attainment` is NaN if there were no requests for it.

    `batch_size` is None for LLMs, and if no batch may have more than one request; `llm` is None for
    other models.
    """

    name: str
    requests: int
    attained: int
    slo_attainment: float
    latency: LatencyStatistics
    batch_size: BatchStatistics | None = None
    llm: LlmStatistics | None = None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        batches, llm = self.batch_size, self.llm
        kind = {} if batches is None else {"batch_size": batches.to_json_dict()}
        if llm is not None:
            kind |= llm.to_json_dict()
        return {
            "name": self.name,
            "requests": self.requests,
            "attained": self.attained,
            "slo_attainment": finite_or_none(self.slo_attainment),
            "latency_s": self.latency.to_json_dict(),
        } | kind


@dataclass(frozen=True)
class GroupStatistics:
    """One group: requests sent to it, those accepted, and how busy its stages were.

    `utilization` is the fraction of time that a stage worked, averaged over the group's stages,
    from the first arrival to the end of the observation or the last finish, whichever is later; NaN
    if that is no time.
    """

    name: str
    requests: int
    attained: int
    utilization: float
    engines: tuple[EngineStatistics, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        engines = [engine.to_json_dict() for engine in self.engines]
        return {
            "name": self.name,
            "requests": self.requests,
            "attained": self.attained,
            "utilization": finite_or_none(self.utilization),
        } | ({"replicas": engines} if engines else {})


@dataclass(frozen=True)
class SimulationSummary:
    """What ``alpaplan simulate`` shows: everything, each model, each group in plan order.

    `slo_attainment` is the fraction of all requests, NaN if there were none. `goodput_rps` is
    attained requests per second of observation, NaN if that took no time. `tokens` is that of all
    LLMs together, None if there are none. `placements` are those of a schedule.
    """

    requests: int
    attained: int
    slo_attainment: float
    goodput_rps: float
    latency: LatencyStatistics
    models: tuple[ModelStatistics, ...]
    groups: tuple[GroupStatistics, ...]
    tokens: TokenTimes | None = None
    placements: tuple[PlacementStatistics, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON (DESIGN.md section 4); NaN becomes None."""
        return {
            "requests": self.requests,
            "attained": self.attained,
            "slo_attainment": finite_or_none(self.slo_attainment),
            "goodput_rps": finite_or_none(self.goodput_rps),
            "latency_s": self.latency.to_json_dict(),
            **({} if self.tokens is None else self.tokens.to_json_dict()),
            "models": [model.to_json_dict() for model in self.models],
            "groups": [group.to_json_dict() for group in self.groups],
        } | (
            {"placements": [each.to_json_dict() for each in self.placements]}
            if self.placements
            else {}
        )


def summarize(
    problem: PlacementProblem,
    placement: Placement,
    trace: Trace,
    replay: Replay,
    group_names: Sequence[str] | None = None,
) -> SimulationSummary:
    """Sum up one simulation.

    Parameters
    ----------
    problem, placement, trace
        What was simulated; the trace's models are the problem's.
    replay
        What came out.
    group_names
        Names of the placement's groups; without them ``g0``, ``g1``, ...
    """
    if group_names is None:
        group_names = [f"g{group}" for group in range(placement.num_groups)]
    return summarize_groups(problem, trace, replay, group_names)


def summarize_groups(
    problem: PlacementProblem, trace: Trace, replay: Replay, group_names: Sequence[str]
) -> SimulationSummary:
    """Sum up one simulation of groups of these names; otherwise as `summarize`."""
    evaluation = replay.evaluation
    attained = int(evaluation.attained.sum())
    return SimulationSummary(
        requests=trace.num_requests,
        attained=attained,
        slo_attainment=evaluation.slo_attainment,
        goodput_rps=ratio(attained, trace.duration_s),
        latency=LatencyStatistics.of(replay.latency_s[~np.isnan(replay.latency_s)]),
        models=_model_statistics(problem, trace, replay),
        groups=tuple(
            GroupStatistics(name, int(requests), int(accepted), utilization, engines)
            for name, requests, accepted, utilization, engines in zip(
                group_names,
                evaluation.group_requests,
                evaluation.group_attained,
                utilizations(trace, replay),
                engines_of_groups(problem, replay.engines, len(group_names)),
                strict=True,
            )
        ),
        tokens=None if replay.engines is None else TokenTimes.of(replay.engines),
    )


def _model_statistics(
    problem: PlacementProblem, trace: Trace, replay: Replay
) -> tuple[ModelStatistics, ...]:
    requests, attained = replay.evaluation.requests, replay.evaluation.attained
    done = ~np.isnan(replay.latency_s)
    by_model = np.argsort(trace.model[done], kind="stable")
    ends = np.cumsum(attained)[:-1]
    latencies_s = np.split(replay.latency_s[done][by_model], ends)
    batches: list[BatchStatistics | None] = [None] * problem.num_models
    if problem.batches is not None and replay.batch_size is not None:
        has_batches = np.any(problem.batches.largest, axis=0)[problem.profile_of_model].tolist()
        sizes = np.split(replay.batch_size[done][by_model], ends)
        batches = [
            BatchStatistics.of(own) if has else None
            for own, has in zip(sizes, has_batches, strict=True)
        ]
    llms = llm_statistics(problem, trace, replay.engines)
    return tuple(
        ModelStatistics(
            name=name,
            requests=int(requests[model]),
            attained=int(attained[model]),
            slo_attainment=ratio(int(attained[model]), int(requests[model])),
            latency=LatencyStatistics.of(latencies_s[model]),
            batch_size=batches[model],
            llm=llms[model],
        )
        for model, name in enumerate(problem.model_names)
    )


def utilizations(trace: Trace, replay: Replay) -> list[float]:
    """Return the utilization of each group; see `GroupStatistics`."""
    busy_s = replay.evaluation.group_busy_s
    if not trace.num_requests:
        return [ratio(0.0, trace.duration_s)] * busy_s.size
    latency_s = replay.latency_s
    if replay.engines is not None:
        # Engines serve requests to the end whether they are in time or not.
        is_known = ~np.isnan(replay.engines.end_to_end_s)
        latency_s = np.where(is_known, replay.engines.end_to_end_s, latency_s)
    finish_s = trace.arrival_s + np.nan_to_num(latency_s)
    period_s = max(trace.duration_s, float(finish_s.max() - trace.arrival_s.min()))
    # A stage is never busy twice at once; only rounding can bring the sum above the period.
    return [min(1.0, ratio(float(group_busy_s), period_s)) for group_busy_s in busy_s]
