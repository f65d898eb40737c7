"""Parts of a trace that are simulated separately, and how their results are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement
from alpaplan.simulator.evaluation import EngineReplay, Evaluation, Replay
from alpaplan.simulator.scheduled_part import ScheduledService
from alpaplan.simulator.service import Service

AnyService = TypeVar("AnyService", bound=Service | ScheduledService)


@dataclass(frozen=True)
class Part(Generic[AnyService]):
    """Some of the models and their requests.

    Parameters
    ----------
    models : bool[M]
        Which models.
    rows : int64[n]
        Indices of their requests in the trace.
    service
        Simulates them, on a trace of these requests alone.
    """

    models: NDArray[np.bool_]
    rows: NDArray[np.int64]
    service: AnyService

    def of(self, placement: Placement) -> Placement:
        """Return the same groups without the replicas of other models."""
        return replace(placement, replicas=placement.replicas & self.models)


def joined(parts: Sequence[tuple[NDArray[np.int64], Replay]], num_requests: int) -> Replay:
    """Join the replays of parts of a trace, on the same groups, to one of the whole trace.

    Parameters
    ----------
    parts
        Indices of each part's requests in the trace, and its replay.
    num_requests
        Requests of the trace.
    """
    latency_s = np.full(num_requests, np.nan)
    group = np.full(num_requests, -1, dtype=np.int32)
    batch_size = None
    engines: EngineReplay | None = None
    for rows, replay in parts:
        latency_s[rows] = replay.latency_s
        group[rows] = replay.group
        if replay.batch_size is not None:
            batch_size = np.zeros(num_requests, dtype=np.int32)
            batch_size[rows] = replay.batch_size
        if replay.engines is not None:
            engines = _spread(replay.engines, rows, num_requests)
    evaluation = sum_of([replay.evaluation for _, replay in parts])
    return Replay(evaluation, latency_s, group, None, batch_size, engines)


def _spread(engines: EngineReplay, rows: NDArray[np.int64], num_requests: int) -> EngineReplay:
    """Return what engines did with some requests as arrays over all requests of a trace."""

    def of_all(values: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = np.full(num_requests, np.nan)
        spread[rows] = values
        return spread

    return replace(
        engines,
        ttft_s=of_all(engines.ttft_s),
        tpot_s=of_all(engines.tpot_s),
        end_to_end_s=of_all(engines.end_to_end_s),
    )


def sum_of(found: Sequence[Evaluation]) -> Evaluation:
    """Return the sum of the counts of several parts; each has 0 for what is in another part."""
    return Evaluation(
        requests=np.sum([each.requests for each in found], axis=0),
        attained=np.sum([each.attained for each in found], axis=0),
        latency_sum_s=np.sum([each.latency_sum_s for each in found], axis=0),
        group_requests=np.sum([each.group_requests for each in found], axis=0),
        group_attained=np.sum([each.group_attained for each in found], axis=0),
        group_busy_s=np.sum([each.group_busy_s for each in found], axis=0),
        iterations=sum(each.iterations for each in found),
    )
