"""Simulates placements on one trace (DESIGN.md section 4); the loops are in `_kernel`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator._jit import compiled_kernel
from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.replicas import Replicas, ReplicaTable
from alpaplan.specs.cluster import Dispatch
from alpaplan.workload.trace import Trace


class Simulator:
    """Simulates any number of placements of one problem on one trace.

    It has no state that a simulation changes, and the kernel runs without the interpreter's
    lock, so threads may share one simulator and run side by side.

    Parameters
    ----------
    problem
        The problem.
    trace
        The arrivals. Its models have to be the problem's, as ``trace.for_models`` makes them.

    Raises
    ------
    ValueError
        If the trace has other models, or its times are not in order.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
        if trace.model_names != problem.model_names:
            raise ValueError("the trace must index the problem's models: use trace.for_models")
        self.problem = problem
        self.trace = trace
        self._arrival_s = _frozen(trace.arrival_s, np.float64)
        self._model = _frozen(trace.model, np.int32).view(np.uint32)
        # A NaN is not in order either, and would never leave a queue.
        if not np.all(self._arrival_s[1:] >= self._arrival_s[:-1]):
            raise ValueError("the trace's times must not decrease")
        if self._model.size and self._model.max() >= problem.num_models:
            raise ValueError("the trace has requests of models that are not in its model_names")
        self._slo_s = _frozen(problem.slo_s, np.float64)
        self._requests = trace.requests_per_model()
        self._requests.setflags(write=False)
        self._table = ReplicaTable(problem)
        self._kernel = compiled_kernel(problem.dispatch)

    def evaluate(self, placement: Placement) -> Evaluation:
        """Simulate a placement and return the counts: what a search calls.

        Parameters
        ----------
        placement
            Groups and their replicas; not checked against the memory or the cluster.

        Raises
        ------
        ValueError
            If the placement is not one of this problem.
        """
        nothing = np.empty(0, dtype=np.float64), np.empty(0, dtype=np.int32)
        return self._run(self._table.replicas_of(placement), placement.num_groups, *nothing)

    def replay(self, placement: Placement) -> Replay:
        """Simulate a placement and return the fate of every request too.

        Raises
        ------
        ValueError
            If the placement is not one of this problem.
        """
        replicas = self._table.replicas_of(placement)
        latency_s = np.full(self._arrival_s.size, np.nan)
        replica = np.full(self._arrival_s.size, -1, dtype=np.int32)
        evaluation = self._run(replicas, placement.num_groups, latency_s, replica)
        group_of_replica = np.append(replicas.group.astype(np.int32), np.int32(-1))
        return Replay(evaluation, latency_s, group_of_replica[replica])

    def _run(
        self,
        replicas: Replicas,
        num_groups: int,
        request_latency_s: NDArray[np.float64],
        request_replica: NDArray[np.int32],
    ) -> Evaluation:
        num_replicas = replicas.group.size
        assigned = np.zeros(num_replicas, dtype=np.int64)
        attained = np.zeros(num_replicas, dtype=np.int64)
        latency_sum_s = np.zeros(num_replicas, dtype=np.float64)
        if num_replicas:
            queues: tuple[NDArray[Any], ...] = ()
            if self.problem.dispatch is Dispatch.SHORTEST_QUEUE:
                queues = self._queues(replicas, num_groups)
            self._kernel(
                self._arrival_s,
                self._model,
                replicas.first_replica,
                replicas.group,
                replicas.stage_latency_s.ravel(),
                np.uint64(replicas.num_stages),
                self._slo_s,
                self.problem.request_overhead_s,
                # Before all arrivals, whatever their first time is.
                np.full(replicas.num_stages * num_groups, -np.inf),
                *queues,
                assigned,
                attained,
                latency_sum_s,
                request_latency_s,
                request_replica,
            )
        num_models = self._slo_s.size
        model, group = replicas.model, replicas.group
        return Evaluation(
            requests=self._requests,
            attained=_total(model, attained, num_models).astype(np.int64),
            latency_sum_s=_total(model, latency_sum_s, num_models),
            group_requests=_total(group, assigned, num_groups).astype(np.int64),
            group_attained=_total(group, attained, num_groups).astype(np.int64),
            group_busy_s=_total(group, attained * replicas.busy_s, num_groups),
        )

    def _queues(
        self, replicas: Replicas, num_groups: int
    ) -> tuple[NDArray[np.float64], NDArray[np.uint64], NDArray[np.uint64]]:
        capacity = 1 << (self._longest_queue(replicas) + 1).bit_length()
        finish_s = np.empty((num_groups, capacity), dtype=np.float64)
        finish_s[:, 0] = np.inf
        entered_and_left = np.zeros((2, num_groups), dtype=np.uint64)
        return finish_s.ravel(), entered_and_left[0], entered_and_left[1]

    def _longest_queue(self, replicas: Replicas) -> int:
        """Return a bound on the requests that a group has accepted and not finished.

        They all finish within the longest objective from now, and each keeps the last stage
        busy. Rounding may bring two finishes closer by a unit in the last place of each of
        the two additions that make them.
        """
        num_requests = self._arrival_s.size
        if not num_requests:
            return 0
        longest_slo_s = float(self._slo_s.max())
        latest_s = float(self._arrival_s[-1]) + longest_slo_s + self.problem.request_overhead_s
        rounding_s = math.ulp(latest_s) + math.ulp(float(self._arrival_s[0]))
        apart_s = float(replicas.stage_latency_s[:, -1].min()) - 2 * rounding_s
        if not apart_s * num_requests > longest_slo_s:
            return num_requests
        return min(num_requests, int((longest_slo_s + rounding_s) / apart_s) + 2)


def _total(
    owner: NDArray[np.int64] | NDArray[np.uint32],
    amount: NDArray[np.int64] | NDArray[np.float64],
    num_owners: int,
) -> NDArray[np.float64]:
    """Sum the amounts of each owner. Floats hold all counts below 2**53 exactly."""
    return np.bincount(owner, amount, num_owners).astype(np.float64, copy=False)


def _frozen(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return the array as the kernels take it: contiguous, of the type, not to be written."""
    packed = np.ascontiguousarray(array, dtype=dtype)
    if packed.flags.writeable:
        packed = packed.copy()
        packed.setflags(write=False)
    return packed
