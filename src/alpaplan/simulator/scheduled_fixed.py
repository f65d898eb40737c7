"""Schedules of fixed-service models: packs them for the loops that simulate them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.caps import with_batch_table
from alpaplan.simulator.batched_replicas import BatchedReplicaTable
from alpaplan.simulator.batched_service import empty_outcome, evaluation_of
from alpaplan.simulator.batched_state import BatchedStateConverter
from alpaplan.simulator.evaluation import Replay
from alpaplan.simulator.fixed_service import packed_requests
from alpaplan.simulator.kernels.schedule_arrays import ScheduleLoop
from alpaplan.simulator.kernels.schedules import Kernel
from alpaplan.simulator.kernels.table import ServiceKind, kernel
from alpaplan.simulator.scheduled_part import ScheduledPart
from alpaplan.simulator.scheduled_replicas import (
    changes_of,
    loads_at_start,
    places_and_caps,
    scheduled_replicas,
)
from alpaplan.workload.trace import Trace


class FixedSchedules:
    """Simulates schedules of fixed-service models on one trace; see `ScheduledPart`.

    Parameters
    ----------
    problem, trace
        The problem, and requests of fixed-service models alone.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
        self._has_batches = problem.batches is not None
        self._problem = with_batch_table(problem)
        if self._problem.batches is None:
            raise ValueError("there must be a table of batches")
        self._requests_per_model = trace.requests_per_model()
        self._num_requests = trace.num_requests
        self._table = BatchedReplicaTable(self._problem, self._problem.batches)
        self._states = BatchedStateConverter(packed_requests(problem, trace), problem.dispatch)
        self._kernel: Kernel = kernel(ServiceKind.SCHEDULED, problem.dispatch)

    def replay(self, schedule: Schedule, others_s: NDArray[np.float64]) -> ScheduledPart:
        """Simulate a schedule; see `alpaplan.simulator.scheduled_part.ScheduledService`."""
        problem = self._problem
        replicas = scheduled_replicas(schedule, problem.num_models)
        places, caps = places_and_caps(problem, schedule, replicas)
        rows = self._table.rows_of(places, caps, np.empty(0, dtype=np.int64))
        latency_s = np.full(self._num_requests, np.nan)
        replica = np.full(self._num_requests, -1, dtype=np.int32)
        batch_size = np.zeros(self._num_requests, dtype=np.int32)
        outcome = empty_outcome(rows, latency_s, replica, batch_size)
        groups = replicas.lives
        serving = self._states.to_kernel(None, rows, problem.num_stages[replicas.shapes], outcome)
        if rows.group.size:
            num_stages = places.num_stages
            changes = changes_of(problem, schedule, replicas, num_stages)
            loads = loads_at_start(replicas, num_stages, others_s)
            self._kernel(ScheduleLoop(serving, changes, loads))
        group_of_replica = np.append(rows.group.astype(np.int32), np.int32(-1))
        replay = Replay(
            evaluation_of(rows, len(groups), outcome, self._requests_per_model),
            latency_s,
            group_of_replica[replica],
            None,
            batch_size if self._has_batches else None,
        )
        return ScheduledPart(replay, groups, serving.groups.last_free_s)
