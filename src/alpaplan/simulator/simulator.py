"""Simulates placements on one trace (DESIGN section 4): one face for all kinds of service."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator.batched_service import BatchedService
from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.fixed_service import FixedService
from alpaplan.simulator.group_state import GroupState
from alpaplan.workload.trace import Trace


class Service(Protocol):
    """Simulates placements of models that are served in one way, on one trace.

    Each kind of service has a file beside this one with a class that does this, and its loops in
    `kernels`. Parameters, results and errors are those of `Simulator`.
    """

    def evaluate(self, placement: Placement, start: GroupState | None) -> Evaluation:
        """Simulate a placement and return the counts."""
        ...

    def replay(self, placement: Placement, start: GroupState | None) -> Replay:
        """Simulate a placement and return the fate of every request too."""
        ...


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
    AlpaplanError
        If there are LLMs.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
        if problem.engines is not None:
            # As fixed-service models they would get numbers that mean nothing.
            raise AlpaplanError("LLMs cannot be simulated or planned yet; validate checks them")
        num_models = problem.num_models
        if trace.model_names != problem.model_names:
            raise ValueError("the trace must index the problem's models: use trace.for_models")
        self.problem = problem
        self.trace = trace
        # A NaN is not in order either, and would never leave a queue.
        if not np.all(trace.arrival_s[1:] >= trace.arrival_s[:-1]):
            raise ValueError("the trace's times must not decrease")
        if trace.num_requests and not 0 <= trace.model.min() <= trace.model.max() < num_models:
            raise ValueError("the trace has requests of models that are not in its model_names")
        self._service: Service
        if problem.batches is None:
            self._service = FixedService(problem, trace)
        else:
            self._service = BatchedService(problem, trace, problem.batches)

    def __reduce__(self) -> tuple[type[Simulator], tuple[PlacementProblem, Trace]]:
        # Another process has kernels of its own.
        return type(self), (self.problem, self.trace)

    def evaluate(self, placement: Placement, start: GroupState | None = None) -> Evaluation:
        """Simulate a placement and return the counts: what a search calls.

        Parameters
        ----------
        placement
            Groups and their replicas; not checked against the memory or the cluster.
        start
            What the groups have still to do, from a simulation of earlier requests; without it
            they are idle.

        Raises
        ------
        ValueError
            If the placement is not one of this problem, or the state is not one that it can
            start with.
        """
        return self._service.evaluate(placement, start)

    def replay(self, placement: Placement, start: GroupState | None = None) -> Replay:
        """Simulate a placement and return the fate of every request too.

        A simulation that starts where another one ended goes on as if there had been only one,
        to the last bit: cut a trace anywhere, simulate the parts one after the other, each from
        the `Replay.state` of the one before, and all requests have the fates that they have in
        the whole. With batching, what still waits at a cut may run otherwise than it was planned
        there: then `Replay.earlier` of the later simulation says how. In between the placement
        may change; `GroupState.for_groups` says which groups go on.

        Parameters
        ----------
        placement, start
            As in `evaluate`.

        Raises
        ------
        ValueError
            As `evaluate`.
        """
        return self._service.replay(placement, start)
