"""What to expect of a placement, from several runs on arrivals that the search did not see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import Simulator
from alpaplan.simulator.intervals import mean_interval_95, next_run_interval_95
from alpaplan.simulator.latency_statistics import LatencyStatistics


@dataclass(frozen=True)
class ModelPrediction:
    """What to expect for one model.

    Parameters
    ----------
    slo_attainment
        Fraction of its requests; NaN if none came.
    latency
        Latencies of its attained requests.
    """

    slo_attainment: float
    latency: LatencyStatistics


@dataclass(frozen=True)
class Prediction:
    """What to expect of a placement.

    Parameters
    ----------
    slo_attainment
        Fraction of the requests of all runs, not weighted.
    confidence_interval_95
        Where the mean over ever more runs lies.
    prediction_interval_95
        Where the attainment of one more run of `run_s` seconds lies: wider, as bursts differ.
    goodput_rps
        Requests per second finished within their deadline.
    latency
        Latencies of attained requests.
    models
        By model, in problem order.
    num_runs, run_s, num_requests
        How many runs, how long each, and the requests of all of them.
    """

    slo_attainment: float
    confidence_interval_95: tuple[float, float]
    prediction_interval_95: tuple[float, float]
    goodput_rps: float
    latency: LatencyStatistics
    models: tuple[ModelPrediction, ...]
    num_runs: int
    run_s: float
    num_requests: int


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
                float(attained[m] / requests[m]) if requests[m] else math.nan,
                LatencyStatistics.of(by_model[m]),
            )
            for m in range(problem.num_models)
        ),
        num_runs=len(simulators),
        run_s=traces[0].duration_s,
        num_requests=int(requests.sum()),
    )
