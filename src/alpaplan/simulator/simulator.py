"""Simulates placements on one trace (DESIGN section 4), whatever the kind of service."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator.batched_service import BatchedService
from alpaplan.simulator.engine_service import EngineService
from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.fixed_service import FixedService
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.mixed_service import MixedService
from alpaplan.simulator.part import Part
from alpaplan.simulator.service import Service
from alpaplan.workload.trace import Trace


class Simulator:
    """Simulates any number of placements of one problem on one trace.

    Simulations do not change it, and kernels release the interpreter's lock, so that threads may
    share a simulator and run side by side.

    Parameters
    ----------
    problem
        The problem.
    trace
        The arrivals. Its models have to be the problem's, as ``trace.for_models`` makes them.

    Raises
    ------
    ValueError
        If the trace has other models, its times are not in order, or requests for LLMs have no
        tokens.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
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
        self._service = _service_of(problem, trace)

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
            What the groups still have to do after a simulation of earlier requests; None if they
            are idle.

        Raises
        ------
        ValueError
            If the placement is not one of this problem, or the state is not one that it can
            start with.
        """
        return self._service.evaluate(placement, start)

    def replay(self, placement: Placement, start: GroupState | None = None) -> Replay:
        """Simulate a placement and return the fate of every request too.

        A simulation that starts where another one ended gives, to the last bit, what a single one
        would: cut a trace anywhere, and simulate the parts one after the other, each from the
        `Replay.state` of the one before. With batching, requests that wait at a cut may run other
        than planned there; `Replay.earlier` of the later simulation says how. The placement may
        change in between; `GroupState.for_groups` says which groups continue.

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

    def replay_closed_loop(
        self, placement: Placement, clients: Mapping[int, int]
    ) -> tuple[NDArray[np.float64], Replay]:
        """Simulate a placement where some LLMs have clients that wait for their requests to finish.

        The requests of such a model keep their order and tokens, but not their times. Each client
        sends one at time 0, and the next one whenever a request of the model finishes or fails.

        Parameters
        ----------
        placement
            As in `evaluate`.
        clients
            Number of an LLM -> how many clients it has, at least 1.

        Returns
        -------
        float64[N], Replay
            When each request was sent, and the fates of all.

        Raises
        ------
        ValueError
            As `evaluate`, or if there are no LLMs.
        """
        if isinstance(self._service, EngineService | MixedService):
            return self._service.replay_closed_loop(placement, clients)
        raise ValueError("only LLMs are served in closed loops")


def _service_of(problem: PlacementProblem, trace: Trace) -> Service:
    """Return the service for the models of a problem; a mixed one if there are both kinds."""
    if problem.engines is None:
        return _fixed_service_of(problem, trace)
    is_llm = problem.model_is_llm
    if is_llm.all():
        return EngineService(problem, trace, problem.engines)
    rows_of_llms = is_llm[trace.model]
    fixed_rows, llm_rows = np.flatnonzero(~rows_of_llms), np.flatnonzero(rows_of_llms)
    fixed = _fixed_service_of(problem, trace.take(fixed_rows))
    llms = EngineService(problem, trace.take(llm_rows), problem.engines)
    return MixedService(Part(~is_llm, fixed_rows, fixed), Part(is_llm, llm_rows, llms), trace)


def _fixed_service_of(problem: PlacementProblem, trace: Trace) -> Service:
    if problem.batches is None:
        return FixedService(problem, trace)
    return BatchedService(problem, trace, problem.batches)
