"""Simulates LLMs beside fixed-service models: each kind by itself, as they never share a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement
from alpaplan.simulator.engine_service import EngineService
from alpaplan.simulator.evaluation import EngineReplay, Evaluation, Replay
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.service import Service
from alpaplan.workload.trace import Trace

AnyService = TypeVar("AnyService", bound=Service)


@dataclass(frozen=True)
class Part(Generic[AnyService]):
    """Some of the models and their requests.

    Parameters
    ----------
    models : bool[M]
        Which models.
    rows : int64[n]
        Their requests' numbers in the trace.
    service
        Simulates them, on a trace of these requests alone.
    """

    models: NDArray[np.bool_]
    rows: NDArray[np.int64]
    service: AnyService

    def of(self, placement: Placement) -> Placement:
        """Return the same groups without the replicas of other models."""
        return replace(placement, replicas=placement.replicas & self.models)


class MixedService:
    """Simulates both parts of placements; see `alpaplan.simulator.service.Service`.

    Parameters
    ----------
    fixed, llms
        The two kinds, which no group of a placement mixes; every model is in one of them.
    trace
        The requests of both.
    """

    def __init__(self, fixed: Part[Service], llms: Part[EngineService], trace: Trace) -> None:
        self._fixed, self._llms, self._trace = fixed, llms, trace
        self._num_requests = trace.num_requests

    def evaluate(self, placement: Placement, start: GroupState | None) -> Evaluation:
        """Simulate a placement and return the counts."""
        parts = (self._fixed, self._llms)
        return _sum_of([part.service.evaluate(part.of(placement), start) for part in parts])

    def replay(self, placement: Placement, start: GroupState | None) -> Replay:
        """Simulate a placement and return the fate of every request too."""
        fixed = self._fixed.service.replay(self._fixed.of(placement), start)
        return self._joined(fixed, self._llms.service.replay(self._llms.of(placement), start))

    def replay_closed_loop(
        self, placement: Placement, clients: Mapping[int, int]
    ) -> tuple[NDArray[np.float64], Replay]:
        """Simulate as `EngineService.replay_closed_loop`; fixed-service models come as stated."""
        fixed = self._fixed.service.replay(self._fixed.of(placement), None)
        llms_sent_s, llms = self._llms.service.replay_closed_loop(self._llms.of(placement), clients)
        sent_s = self._trace.arrival_s.copy()
        sent_s[self._llms.rows] = llms_sent_s
        return sent_s, self._joined(fixed, llms)

    def _joined(self, fixed: Replay, llms: Replay) -> Replay:
        parts = ((self._fixed.rows, fixed), (self._llms.rows, llms))
        return joined(parts, self._num_requests)


def joined(parts: Sequence[tuple[NDArray[np.int64], Replay]], num_requests: int) -> Replay:
    """Return the replays of parts of a trace, on the same groups, as one of the whole trace.

    Parameters
    ----------
    parts
        The numbers of each part's requests, and its replay.
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
    evaluation = _sum_of([replay.evaluation for _, replay in parts])
    return Replay(evaluation, latency_s, group, None, batch_size, engines)


def _spread(engines: EngineReplay, rows: NDArray[np.int64], num_requests: int) -> EngineReplay:
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


def _sum_of(found: Sequence[Evaluation]) -> Evaluation:
    """Return the counts of several parts together: what is of another part counts 0 in each."""
    return Evaluation(
        requests=np.sum([each.requests for each in found], axis=0),
        attained=np.sum([each.attained for each in found], axis=0),
        latency_sum_s=np.sum([each.latency_sum_s for each in found], axis=0),
        group_requests=np.sum([each.group_requests for each in found], axis=0),
        group_attained=np.sum([each.group_attained for each in found], axis=0),
        group_busy_s=np.sum([each.group_busy_s for each in found], axis=0),
        iterations=sum(each.iterations for each in found),
    )
