"""Several plans on the same arrivals: what each one does, and how far it is from the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import LatencyStatistics, Replay
from alpaplan.simulator.evaluation import ratio
from alpaplan.simulator.intervals import ratio_interval_95
from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace

TRACE_PARTS = 10
"""Parts of equal length that a single trace is cut into to see how much a difference varies (a
count; 5 to 30: fewer parts know less, and shorter ones depend on each other)."""


@dataclass(frozen=True)
class CommonTraces:
    """What all plans ran on.

    Parameters
    ----------
    source
        A trace, or samples of the workload.
    traces
        One of each run.
    """

    source: Literal["trace", "sampled"]
    traces: tuple[Trace, ...]

    @property
    def duration_s(self) -> float:
        """Length of all runs together."""
        return sum(trace.duration_s for trace in self.traces)

    @property
    def num_requests(self) -> int:
        """Requests of all runs together."""
        return sum(trace.num_requests for trace in self.traces)


@dataclass(frozen=True)
class PairedDifference:
    """How much more a plan attains than the first one does, on the same arrivals.

    Parameters
    ----------
    slo_attainment
        Its attainment minus the first one's.
    interval_95
        Where the difference over ever more arrivals lies; None if there is one run or part.
    """

    slo_attainment: float
    interval_95: tuple[float, float] | None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        interval = None if self.interval_95 is None else list(self.interval_95)
        return {"slo_attainment": self.slo_attainment, "interval_95": interval}


@dataclass(frozen=True)
class ComparedPlan:
    """One plan over all runs.

    Parameters
    ----------
    name
        The plan's file.
    requests, attained : int64[M]
        By model.
    duration_s
        Length of all runs together.
    latency
        Latencies of attained requests.
    groups
        (device type, intra_op, inter_op) -> how many groups with replicas.
    num_devices, num_replicas
        Devices of groups with replicas, and replicas.
    difference
        From the first plan; None for that one.
    """

    name: str
    requests: NDArray[np.int64]
    attained: NDArray[np.int64]
    duration_s: float
    latency: LatencyStatistics
    groups: dict[tuple[str, int, int], int]
    num_devices: int
    num_replicas: int
    difference: PairedDifference | None

    @property
    def slo_attainment(self) -> float:
        """Fraction of all requests that were attained; NaN if there were none."""
        return ratio(int(self.attained.sum()), int(self.requests.sum()))

    @property
    def goodput_rps(self) -> float:
        """Attained requests per second; NaN if the runs take no time."""
        return ratio(int(self.attained.sum()), self.duration_s)


@dataclass(frozen=True)
class Comparison:
    """Everything that ``alpaplan compare`` shows."""

    arrivals: CommonTraces
    model_names: tuple[str, ...]
    plans: tuple[ComparedPlan, ...]

    def model_attainment(self) -> NDArray[np.float64]:
        """Return the attainment of each model under each plan, ``float64[M, plans]``."""
        attained = np.array([plan.attained for plan in self.plans], dtype=np.float64).T
        requests = np.maximum(self.plans[0].requests, 1)[:, np.newaxis]
        return np.where(self.plans[0].requests[:, np.newaxis] > 0, attained / requests, np.nan)

    def most_different_models(self) -> list[int]:
        """Return the models whose attained requests differ between plans, most first."""
        attained = np.array([plan.attained for plan in self.plans])
        spread = attained.max(axis=0) - attained.min(axis=0)
        ranked = np.argsort(-spread, kind="stable")
        return [int(model) for model in ranked if spread[model] > 0]

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "arrivals": {
                "source": self.arrivals.source,
                "runs": len(self.arrivals.traces),
                "requests": self.arrivals.num_requests,
                "duration_s": self.arrivals.duration_s,
            },
            "plans": [self._plan_to_json(index) for index in range(len(self.plans))],
        }

    def _plan_to_json(self, index: int) -> dict[str, Any]:
        plan, attainment = self.plans[index], self.model_attainment()[:, index]
        return {
            "plan": plan.name,
            "requests": int(plan.requests.sum()),
            "attained": int(plan.attained.sum()),
            "slo_attainment": finite_or_none(plan.slo_attainment),
            "difference": plan.difference and plan.difference.to_json_dict(),
            "goodput_rps": finite_or_none(plan.goodput_rps),
            "latency_s": plan.latency.to_json_dict(),
            "devices": plan.num_devices,
            "replicas": plan.num_replicas,
            "groups": [
                {"device": device, "intra_op": intra_op, "inter_op": inter_op, "count": count}
                for (device, intra_op, inter_op), count in plan.groups.items()
            ],
            "models": [
                {
                    "name": name,
                    "requests": int(plan.requests[model]),
                    "attained": int(plan.attained[model]),
                    "slo_attainment": finite_or_none(float(attainment[model])),
                }
                for model, name in enumerate(self.model_names)
            ],
        }


@dataclass(frozen=True)
class PlanRuns:
    """A plan's outcome on each of the arrivals' traces, in their order."""

    name: str
    placement: Placement
    replays: tuple[Replay, ...]


def compare(
    problem: PlacementProblem, arrivals: CommonTraces, runs: Sequence[PlanRuns]
) -> Comparison:
    """Sum up the runs of several plans on the same arrivals.

    Parameters
    ----------
    problem
        What the plans are for; their dispatch rules may differ.
    arrivals
        What they ran on.
    runs
        Of each plan; the others are compared with the first.
    """
    parts = [_parts(arrivals, plan.replays) for plan in runs]
    plans = []
    for index, plan in enumerate(runs):
        difference = None
        if index:
            (requests, attained), (_, first) = parts[index], parts[0]
            difference = paired_difference(requests, attained - first)
        plans.append(_compared(problem, arrivals, plan, difference))
    return Comparison(arrivals, problem.model_names, tuple(plans))


def paired_difference(
    requests: NDArray[np.int64], more_attained: NDArray[np.int64]
) -> PairedDifference:
    """Estimate a difference of attainments from parts that both plans ran on.

    It is a ratio of sums over the parts; see `ratio_interval_95`.

    Parameters
    ----------
    requests, more_attained : int64[parts]
        Requests of each part, and how many more of them than the first plan this one attained.
    """
    if not requests.sum():
        return PairedDifference(0.0, None)
    difference = float(more_attained.sum() / requests.sum())
    return PairedDifference(difference, ratio_interval_95(requests, more_attained))


def _parts(
    arrivals: CommonTraces, replays: Sequence[Replay]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count requests and attained ones: of each run, or of each part of a single one."""
    if len(replays) > 1:
        counts = [
            (int(replay.evaluation.requests.sum()), int(replay.evaluation.attained.sum()))
            for replay in replays
        ]
        requests, attained = np.array(counts, dtype=np.int64).T
        return requests, attained
    arrival_s = arrivals.traces[0].arrival_s
    if not arrival_s.size:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    edges = np.linspace(arrival_s[0], arrival_s[-1], TRACE_PARTS + 1)[1:-1]
    part = np.searchsorted(edges, arrival_s, side="right")
    done = ~np.isnan(replays[0].latency_s)
    return (
        np.bincount(part, minlength=TRACE_PARTS).astype(np.int64),
        np.bincount(part[done], minlength=TRACE_PARTS).astype(np.int64),
    )


def _compared(
    problem: PlacementProblem,
    arrivals: CommonTraces,
    plan: PlanRuns,
    difference: PairedDifference | None,
) -> ComparedPlan:
    evaluations = [replay.evaluation for replay in plan.replays]
    latency_s = np.concatenate([replay.latency_s for replay in plan.replays])
    shapes = [problem.shapes[h] for h in plan.placement.shapes]
    groups = Counter(
        (problem.pools[shape.pool].device, shape.intra_op, shape.inter_op) for shape in shapes
    )
    return ComparedPlan(
        name=plan.name,
        requests=np.sum([evaluation.requests for evaluation in evaluations], axis=0),
        attained=np.sum([evaluation.attained for evaluation in evaluations], axis=0),
        duration_s=arrivals.duration_s,
        latency=LatencyStatistics.of(latency_s[~np.isnan(latency_s)]),
        groups=dict(sorted(groups.items())),
        num_devices=sum(shape.num_devices for shape in shapes),
        num_replicas=int(plan.placement.replicas.sum()),
        difference=difference,
    )
