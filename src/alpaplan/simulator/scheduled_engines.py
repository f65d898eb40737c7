"""Schedules of LLM engines: packs them for the loop that simulates them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.engine_service import kv_tokens
from alpaplan.problem.engines import EngineTable
from alpaplan.simulator.engine_service import EngineService
from alpaplan.simulator.kernels.engine_arrays import LONG_AGO_NS, NEVER_NS, NS_PER_S
from alpaplan.simulator.kernels.engine_schedule_arrays import EngineChanges, EngineLoads
from alpaplan.simulator.placed_engines import whole_ns
from alpaplan.simulator.scheduled_part import ScheduledPart
from alpaplan.simulator.scheduled_replicas import (
    LoadOrder,
    ScheduledReplicas,
    listed_in,
    load_s_of,
    scheduled_replicas,
)
from alpaplan.workload.trace import Trace


class EngineSchedules:
    """Simulates schedules of LLMs on one trace; see `ScheduledPart`.

    An engine is identified by its group, its model and the KV tokens that its cache holds. A
    process cannot change the size of its cache, so that with another size the engine is removed and
    a new one loads.

    Parameters
    ----------
    problem, trace
        The problem, and requests of LLMs alone.
    table
        What the LLMs cost.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace, table: EngineTable) -> None:
        self._problem, self._table = problem, table
        self._service = EngineService(problem, trace, table)

    def replay(self, schedule: Schedule, others_s: NDArray[np.float64]) -> ScheduledPart:
        """Simulate a schedule; see `ScheduledPart`."""
        problem = self._problem
        caches = [kv_tokens(problem, placement) for placement in schedule.placements]
        replicas = scheduled_replicas(schedule, problem.num_models, caches)
        loads = self._loads_at_start(replicas, others_s)
        replay = self._service.replay_schedule(replicas, self._changes(schedule, replicas), loads)
        is_done = loads.free_ns > LONG_AGO_NS
        free_s = np.where(is_done, loads.free_ns / NS_PER_S, -np.inf)
        return ScheduledPart(replay, replicas.lives, free_s)

    def _changes(self, schedule: Schedule, replicas: ScheduledReplicas) -> EngineChanges:
        problem = self._problem
        load_s = load_s_of(problem, replicas, self._table.stage_step_s.shape[1])
        return EngineChanges(
            start_ns=whole_ns(schedule.start_s),
            listed=listed_in(replicas, problem.num_models),
            load_ns=whole_ns(load_s).ravel(),
            overhead_ns=int(whole_ns(np.array(problem.load_overhead_s))),
        )

    def _loads_at_start(
        self, replicas: ScheduledReplicas, others_s: NDArray[np.float64]
    ) -> EngineLoads:
        num_groups, num_rows = len(replicas.lives), replicas.first.size
        order = LoadOrder.of(replicas)
        before_all_ns = np.full(num_groups, LONG_AGO_NS)
        waits = np.isfinite(others_s)
        num_stages = self._table.stage_step_s.shape[1]
        return EngineLoads(
            ready_ns=np.where(order.is_loaded, LONG_AGO_NS, NEVER_NS),
            is_gone=np.zeros(num_rows, dtype=np.uint8),
            next_row=order.next_row,
            end_row=order.next_row.copy(),
            told_ns=np.zeros(num_groups, dtype=np.int64),
            others_ns=np.where(waits, whole_ns(np.where(waits, others_s, 0.0)), before_all_ns),
            free_ns=before_all_ns,
            first_gone=order.first_row,
            num_gone=np.zeros(num_groups, dtype=np.int64),
            gone=np.zeros(num_rows, dtype=np.int64),
            stage_end_ns=np.full(num_groups * num_stages, LONG_AGO_NS),
        )
