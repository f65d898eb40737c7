"""Simulates models of fixed service without batching: packs, and calls the loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator.evaluation import Evaluation, Replay, total
from alpaplan.simulator.fixed_state import FixedStateConverter
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.kernels.compiling import as_input
from alpaplan.simulator.kernels.table import ServiceKind, kernel
from alpaplan.simulator.replicas import PlacedReplicas, ReplicaTable
from alpaplan.workload.trace import Trace


class FixedService:
    """Simulates placements on one trace; see `alpaplan.simulator.service.Service`.

    Parameters
    ----------
    problem, trace
        The problem and the arrivals, as `alpaplan.simulator.Simulator` has checked them.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
        self._num_stages = problem.num_stages
        self._requests = packed_requests(problem, trace)
        self._requests_per_model = trace.requests_per_model()
        self._requests_per_model.setflags(write=False)
        self._table = ReplicaTable(problem)
        self._states = FixedStateConverter(self._requests, problem.dispatch)
        self._kernel: fixed.Kernel = kernel(ServiceKind.FIXED, problem.dispatch)

    def evaluate(self, placement: Placement, start: GroupState | None) -> Evaluation:
        """Simulate a placement and return the counts."""
        replicas = self._table.replicas_of(placement)
        groups = self._states.to_kernel(start, replicas.rows, placement.num_groups)
        return self._run(replicas, groups, placement.num_groups, np.empty(0), np.empty(0, np.int32))

    def replay(self, placement: Placement, start: GroupState | None) -> Replay:
        """Simulate a placement and return the fate of every request too."""
        replicas = self._table.replicas_of(placement)
        groups = self._states.to_kernel(start, replicas.rows, placement.num_groups)
        num_requests = self._requests.arrival_s.size
        latency_s = np.full(num_requests, np.nan)
        replica = np.full(num_requests, -1, dtype=np.int32)
        evaluation = self._run(replicas, groups, placement.num_groups, latency_s, replica)
        group_of_replica = np.append(replicas.group.astype(np.int32), np.int32(-1))
        num_stages = self._num_stages[placement.shapes]
        state = self._states.from_kernel(start, groups, num_stages)
        return Replay(evaluation, latency_s, group_of_replica[replica], state)

    def _run(
        self,
        replicas: PlacedReplicas,
        groups: fixed.Groups,
        num_groups: int,
        request_latency_s: NDArray[np.float64],
        request_replica: NDArray[np.int32],
    ) -> Evaluation:
        group = replicas.group
        outcome = fixed.Outcome(
            assigned=np.zeros(group.size, dtype=np.int64),
            attained=np.zeros(group.size, dtype=np.int64),
            latency_sum_s=np.zeros(group.size),
            request_latency_s=request_latency_s,
            request_replica=request_replica,
        )
        if group.size:
            self._kernel(self._requests, replicas.rows, groups, outcome)
        return summed(outcome, replicas, self._requests_per_model, num_groups)


def summed(
    outcome: fixed.Outcome,
    replicas: PlacedReplicas,
    requests: NDArray[np.int64],
    num_groups: int,
) -> Evaluation:
    """Sum what replicas did, by model and by group.

    Parameters
    ----------
    outcome
        What a kernel wrote.
    replicas, num_groups
        The placement.
    requests : int64[M]
        Requests of each model.
    """
    busy_s = outcome.attained * replicas.busy_s
    return Evaluation.of_replicas(
        requests,
        replicas.model,
        replicas.group,
        sent=outcome.assigned,
        attained=outcome.attained,
        latency_sum_s=outcome.latency_sum_s,
        group_busy_s=total(busy_s, replicas.group, num_groups),
    )


def packed_requests(problem: PlacementProblem, trace: Trace) -> fixed.Requests:
    """Return a trace as the kernels take it."""
    return fixed.Requests(
        arrival_s=as_input(trace.arrival_s, np.float64),
        model=as_input(trace.model, np.int32).view(np.uint32),
        slo_s=as_input(problem.slo_s, np.float64),
        overhead_s=float(problem.request_overhead_s),
    )
