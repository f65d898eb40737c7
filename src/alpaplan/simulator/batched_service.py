"""Simulates models of fixed service with batching: packs, and calls the loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.batching import BatchTable
from alpaplan.simulator.batched_replicas import BatchedReplicas, BatchedReplicaTable
from alpaplan.simulator.batched_state import BatchedStateConverter
from alpaplan.simulator.evaluation import EarlierFates, Evaluation, Replay, total
from alpaplan.simulator.fixed_service import FixedService, packed_requests
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.kernels import batched_arrays as arrays
from alpaplan.simulator.kernels.batched import Kernel, plan_waiting
from alpaplan.simulator.kernels.compiling import compiled
from alpaplan.simulator.kernels.table import ServiceKind, kernel
from alpaplan.workload.trace import Trace


class BatchedService:
    """Simulates placements on one trace; see `alpaplan.simulator.service.Service`.

    Placements whose caps are all 1 are left to the kernels without batching, which are several
    times as fast and give the same results.

    Parameters
    ----------
    problem, trace
        The problem and the arrivals, as `alpaplan.simulator.Simulator` has checked them.
    batches
        The problem's batches.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace, batches: BatchTable) -> None:
        self._num_stages = problem.num_stages
        self._num_requests = trace.num_requests
        self._requests_per_model = trace.requests_per_model()
        self._requests_per_model.setflags(write=False)
        self._alone = FixedService(problem, trace)
        self._table = BatchedReplicaTable(problem, batches)
        self._states = BatchedStateConverter(packed_requests(problem, trace), problem.dispatch)
        self._kernel: Kernel = kernel(ServiceKind.BATCHED, problem.dispatch)

    def evaluate(self, placement: Placement, start: GroupState | None) -> Evaluation:
        """Simulate a placement and return the counts."""
        replicas = self._replicas_of(placement, start)
        if replicas is None:
            return self._alone.evaluate(placement, start)
        nothing = np.empty(0, dtype=np.int32)
        outcome = empty_outcome(replicas, np.empty(0), nothing, nothing)
        self._run(replicas, placement, start, outcome)
        return evaluation_of(replicas, placement.num_groups, outcome, self._requests_per_model)

    def replay(self, placement: Placement, start: GroupState | None) -> Replay:
        """Simulate a placement and return the fate of every request too."""
        replicas = self._replicas_of(placement, start)
        if replicas is None:
            replay = self._alone.replay(placement, start)
            attained = ~np.isnan(replay.latency_s)
            return replace(replay, batch_size=attained.astype(np.int32))
        num_waiting = replicas.of_waiting.size
        num_requests = num_waiting + self._num_requests
        latency_s = np.full(num_requests, np.nan)
        replica = np.full(num_requests, -1, dtype=np.int32)
        batch_size = np.zeros(num_requests, dtype=np.int32)
        outcome = empty_outcome(replicas, latency_s, replica, batch_size)
        loop = self._run(replicas, placement, start, outcome)
        group_of_replica = np.append(replicas.group.astype(np.int32), np.int32(-1))
        earlier = None
        if start is not None and num_waiting:
            earlier = EarlierFates(
                start.waiting.number, latency_s[:num_waiting], batch_size[:num_waiting]
            )
        return Replay(
            evaluation_of(replicas, placement.num_groups, outcome, self._requests_per_model),
            latency_s[num_waiting:],
            group_of_replica[replica[num_waiting:]],
            self._states.from_kernel(start, loop, self._num_stages[placement.shapes]),
            batch_size[num_waiting:],
            earlier=earlier,
        )

    def _replicas_of(
        self, placement: Placement, start: GroupState | None
    ) -> BatchedReplicas | None:
        return self._table.replicas_of(placement, None if start is None else start.waiting)

    def _run(
        self,
        replicas: BatchedReplicas,
        placement: Placement,
        start: GroupState | None,
        outcome: arrays.Outcome,
    ) -> arrays.Loop:
        num_stages = self._num_stages[placement.shapes]
        loop = self._states.to_kernel(start, replicas, num_stages, outcome)
        if replicas.of_waiting.size and not compiled(plan_waiting)(loop):
            raise ValueError("requests that wait cannot be in time: the state is another problem's")
        self._kernel(loop)
        return loop


def evaluation_of(
    replicas: BatchedReplicas,
    num_groups: int,
    outcome: arrays.Outcome,
    requests_per_model: NDArray[np.int64],
) -> Evaluation:
    """Return the counts that a kernel with batching has written.

    Parameters
    ----------
    replicas, num_groups
        What was simulated.
    outcome
        What the kernel has written.
    requests_per_model : int64[M]
        Requests of each model.
    """
    busy_s = outcome.num_batches * replicas.size_busy_s
    return Evaluation.of_replicas(
        requests_per_model,
        replicas.model,
        replicas.group,
        sent=outcome.assigned,
        attained=outcome.attained,
        latency_sum_s=outcome.latency_sum_s,
        group_busy_s=total(busy_s, replicas.group[replicas.size_owner], num_groups),
    )


def empty_outcome(
    replicas: BatchedReplicas,
    latency_s: NDArray[np.float64],
    replica: NDArray[np.int32],
    batch_size: NDArray[np.int32],
) -> arrays.Outcome:
    """Return an outcome of zeros for a kernel with batching to write to; see `arrays.Outcome`."""
    num_replicas = replicas.group.size
    return arrays.Outcome(
        assigned=np.zeros(num_replicas, dtype=np.int64),
        attained=np.zeros(num_replicas, dtype=np.int64),
        latency_sum_s=np.zeros(num_replicas),
        num_batches=np.zeros(replicas.size_owner.size, dtype=np.int64),
        request_latency_s=latency_s,
        request_replica=replica,
        request_batch_size=batch_size,
    )
