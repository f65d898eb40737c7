"""Simulates LLMs: packs what the loops of engines take, and calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.engines import EngineTable
from alpaplan.simulator.engine_work import empty_outcome, idle_engines, idle_groups
from alpaplan.simulator.evaluation import EngineReplay, Evaluation, Replay, total
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.kernels.closed_engines import Loop, closed_loop
from alpaplan.simulator.kernels.compiling import as_input, compiled
from alpaplan.simulator.kernels.engine_arrays import (
    MAX_REQUESTS,
    NEVER_NS,
    NONE,
    NS_PER_S,
    Groups,
    Outcome,
    Requests,
    Work,
)
from alpaplan.simulator.kernels.engine_schedule_arrays import EngineChanges, EngineLoads
from alpaplan.simulator.kernels.engines import open_loop
from alpaplan.simulator.kernels.scheduled_engines import scheduled_loop
from alpaplan.simulator.placed_engines import PlacedEngines, PlacedEnginesTable, whole_ns
from alpaplan.simulator.scheduled_replicas import ScheduledReplicas
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class _Run:
    """What a loop works on, and after it what it has written."""

    engines: PlacedEngines
    requests: Requests
    groups: Groups
    work: Work
    outcome: Outcome


class EngineService:
    """Simulates placements of LLMs on one trace; see `alpaplan.simulator.service.Service`.

    Parameters
    ----------
    problem, trace
        The problem and the arrivals, of LLMs alone, as checked by `alpaplan.simulator.Simulator`.
    table
        What the LLMs cost.

    Raises
    ------
    ValueError
        If there are requests without tokens, or more of them than the loops can number.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace, table: EngineTable) -> None:
        input_tokens, output_tokens = trace.input_tokens, trace.output_tokens
        if input_tokens is None or output_tokens is None:
            input_tokens = output_tokens = np.zeros(trace.num_requests, dtype=np.int32)
        if trace.num_requests and min(input_tokens.min(), output_tokens.min()) < 1:
            raise ValueError("requests for LLMs must have at least 1 input and 1 output token")
        if trace.num_requests > MAX_REQUESTS:
            raise ValueError(f"requests must be at most {MAX_REQUESTS}, found {trace.num_requests}")
        self._trace = trace
        self._requests = Requests(
            sent_ns=whole_ns(trace.arrival_s),
            model=as_input(trace.model, np.int32),
            input_tokens=as_input(input_tokens, np.int32),
            output_tokens=as_input(output_tokens, np.int32),
            max_context_tokens=as_input(table.max_context_tokens, np.int64),
            ttft_ns=as_input(whole_ns(table.ttft_s), np.int64),
            tpot_ns=as_input(whole_ns(table.tpot_s), np.int64),
            slo_ns=as_input(whole_ns(table.slo_s), np.int64),
            overhead_ns=int(whole_ns(np.array(problem.request_overhead_s))),
        )
        self._requests_per_model = trace.requests_per_model()
        self._requests_per_model.setflags(write=False)
        self._engines = PlacedEnginesTable(problem, table)
        self._open_loop, self._closed_loop = compiled(open_loop), closed_loop

    def evaluate(self, placement: Placement, start: GroupState | None) -> Evaluation:
        """Simulate a placement and return the counts."""
        return self._evaluation(self._run(placement, start, each=False))

    def replay(self, placement: Placement, start: GroupState | None) -> Replay:
        """Simulate a placement and return the fate of every request too."""
        return self._replay(self._run(placement, start, each=True))

    def replay_closed_loop(
        self, placement: Placement, clients: Mapping[int, int]
    ) -> tuple[NDArray[np.float64], Replay]:
        """Simulate a placement where clients of some models wait for the finish of requests.

        Parameters
        ----------
        placement
            Groups and their engines.
        clients
            Model -> how many clients it has, at least 1.

        Returns
        -------
        float64[N], Replay
            When each request was sent, and the fates of all.
        """
        requests = self._requests._replace(sent_ns=self._requests.sent_ns.copy())
        loop = _loop_of(self._trace, clients)
        run = self._prepared(self._engines.engines_of(placement), requests, each=True)
        compiled(closed_loop)(requests, run.engines.rows, run.groups, run.work, run.outcome, loop)
        return requests.sent_ns / NS_PER_S, self._replay(run)

    def replay_schedule(
        self, replicas: ScheduledReplicas, changes: EngineChanges, loads: EngineLoads
    ) -> Replay:
        """Simulate the engines of a schedule; `loads` is changed.

        Parameters
        ----------
        replicas
            The engines; their marks are the KV tokens that their caches hold.
        changes, loads
            What changes from placement to placement, and what is loaded at the start.
        """
        where = (replicas.shapes, replicas.group, replicas.model, replicas.mark)
        run = self._prepared(self._engines.rows_of(*where), self._requests, each=True)
        state = (run.engines.rows, run.groups, run.work, run.outcome)
        compiled(scheduled_loop)(run.requests, *state, changes, loads)
        return self._replay(run)

    def _run(self, placement: Placement, start: GroupState | None, *, each: bool) -> _Run:
        if start is not None:
            raise ValueError("LLM engines cannot go on from a state")
        run = self._prepared(self._engines.engines_of(placement), self._requests, each=each)
        self._open_loop(run.requests, run.engines.rows, run.groups, run.work, run.outcome)
        return run

    def _prepared(self, engines: PlacedEngines, requests: Requests, *, each: bool) -> _Run:
        num_engines, num_requests = engines.model.size, requests.model.size
        return _Run(
            engines,
            requests,
            idle_groups(engines.rows),
            idle_engines(engines.rows, num_requests),
            empty_outcome(num_engines, num_requests, each=each),
        )

    def _evaluation(self, run: _Run) -> Evaluation:
        rows, model, outcome = run.engines.rows, run.engines.model, run.outcome
        num_groups, num_models = rows.num_stages.size, self._requests_per_model.size
        busy_ns = run.groups.busy_ns.reshape(num_groups, rows.most_stages).sum(axis=1)
        return Evaluation(
            requests=self._requests_per_model,
            attained=total(outcome.attained, model, num_models),
            latency_sum_s=total(outcome.latency_sum_ns, model, num_models) / NS_PER_S,
            group_requests=total(outcome.sent, rows.group, num_groups),
            group_attained=total(outcome.attained, rows.group, num_groups),
            group_busy_s=busy_ns / rows.num_stages / NS_PER_S,
            iterations=int(run.work.num_begun.sum()),
        )

    def _replay(self, run: _Run) -> Replay:
        rows, outcome = run.engines.rows, run.outcome
        served = outcome.finish_ns != NEVER_NS
        started = outcome.first_token_ns != NEVER_NS
        sent_ns = run.requests.sent_ns
        end_to_end_s = np.where(served, (outcome.finish_ns - sent_ns) / NS_PER_S, np.nan)
        later = run.requests.output_tokens - 1
        decode_s = np.where(served, (outcome.finish_ns - outcome.first_token_ns) / NS_PER_S, np.nan)
        engines = EngineReplay(
            ttft_s=np.where(started, (outcome.first_token_ns - sent_ns) / NS_PER_S, np.nan),
            tpot_s=np.divide(decode_s, later, where=later > 0, out=np.full(later.size, np.nan)),
            end_to_end_s=end_to_end_s,
            stage_busy_s=run.groups.busy_ns.reshape(-1, rows.most_stages) / NS_PER_S,
            group=rows.group,
            model=run.engines.model,
            kv_tokens=rows.kv_tokens,
            kv_peak_tokens=run.work.peak_tokens,
            preemptions=outcome.preemptions,
            iterations=run.work.num_begun,
        )
        return Replay(
            self._evaluation(run),
            np.where(outcome.in_time, end_to_end_s, np.nan),
            np.append(rows.group, NONE).astype(np.int32)[outcome.engine],
            None,
            engines=engines,
        )


def _loop_of(trace: Trace, clients: Mapping[int, int]) -> Loop:
    """Return which requests are sent when others finish, by the clients of each model."""
    num_models = len(trace.model_names)
    num_due = np.zeros(num_models, dtype=np.int64)
    next_row = np.full(num_models, NONE, dtype=np.int64)
    row_after = np.full(trace.num_requests, NONE, dtype=np.int64)
    for model, num_clients in clients.items():
        num_due[model] = num_clients
        rows = np.flatnonzero(trace.model == model)
        if rows.size:
            next_row[model] = rows[0]
            row_after[rows[:-1]] = rows[1:]
    return Loop(num_due > 0, num_due, next_row, row_after)
