"""Simulates LLMs beside fixed-service models: each kind by itself, as they never share a group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement
from alpaplan.simulator.engine_service import EngineService
from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.part import Part, joined, sum_of
from alpaplan.simulator.service import Service
from alpaplan.workload.trace import Trace


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
        return sum_of([part.service.evaluate(part.of(placement), start) for part in parts])

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
