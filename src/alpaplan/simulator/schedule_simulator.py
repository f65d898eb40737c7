"""Simulates schedules, placements that change, on one trace (design/SCHEDULE.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.caps import with_batch_table
from alpaplan.problem.schedule import LifeOfGroup
from alpaplan.simulator.batched_replicas import BatchedReplicaTable
from alpaplan.simulator.batched_service import evaluation_of, nothing_yet
from alpaplan.simulator.batched_state import BatchedStateConverter
from alpaplan.simulator.evaluation import Replay
from alpaplan.simulator.fixed_service import packed_requests
from alpaplan.simulator.kernels.schedule_arrays import ScheduleLoop
from alpaplan.simulator.kernels.schedules import Kernel
from alpaplan.simulator.kernels.table import ServiceKind, kernel
from alpaplan.simulator.scheduled_replicas import (
    changes_of,
    loads_at_start,
    scheduled_replicas,
)
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class ScheduleReplay:
    """What a schedule did under one trace.

    Parameters
    ----------
    replay
        Counts, and the fate of every request. Its groups are those below; its state is None.
    groups
        Each group from where it is new to where it ends.
    """

    replay: Replay
    groups: tuple[LifeOfGroup, ...]

    def by_name(self) -> tuple[tuple[str, ...], Replay]:
        """Return names in order of first appearance, and the replay with all groups of one as one.

        This is how groups are counted (S11).
        """
        number = {name: n for n, name in enumerate(dict.fromkeys(g.name for g in self.groups))}
        of_group = np.array([number[group.name] for group in self.groups], dtype=np.int64)
        counts = self.replay.evaluation
        evaluation = replace(
            counts,
            group_requests=_of_names(counts.group_requests, of_group).astype(np.int64),
            group_attained=_of_names(counts.group_attained, of_group).astype(np.int64),
            group_busy_s=_of_names(counts.group_busy_s, of_group),
        )
        group = np.append(of_group, -1).astype(np.int32)[self.replay.group]
        return tuple(number), replace(self.replay, evaluation=evaluation, group=group)


def _of_names(
    amount: NDArray[np.int64] | NDArray[np.float64], name: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.bincount(name, amount, int(name.max(initial=-1)) + 1).astype(np.float64, copy=False)


class ScheduleSimulator:
    """Simulates any number of schedules of one problem on one trace.

    Threads may share one, as with `alpaplan.simulator.Simulator`.

    Parameters
    ----------
    problem
        The problem, without LLMs.
    trace
        The arrivals, of the problem's models.

    Raises
    ------
    ValueError
        If there are LLMs, the trace has other models, or its times are not in order.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
        if problem.engines is not None:
            raise ValueError("schedules of LLM engines are not simulated")
        if trace.model_names != problem.model_names:
            raise ValueError("the trace must index the problem's models: use trace.for_models")
        if not np.all(trace.arrival_s[1:] >= trace.arrival_s[:-1]):
            raise ValueError("the trace's times must not decrease")
        self._has_batches = problem.batches is not None
        self._problem = with_batch_table(problem)
        if self._problem.batches is None:
            raise ValueError("there must be a table of batches")
        self._requests_per_model = trace.requests_per_model()
        self._num_requests = trace.num_requests
        self._table = BatchedReplicaTable(self._problem, self._problem.batches)
        self._states = BatchedStateConverter(packed_requests(problem, trace), problem.dispatch)
        self._kernel: Kernel = kernel(ServiceKind.SCHEDULED, problem.dispatch)

    def replay(self, schedule: Schedule) -> ScheduleReplay:
        """Simulate a schedule and return the fate of every request.

        Raises
        ------
        ValueError
            If its placements are not of this problem.
        """
        problem = self._problem
        scheduled = scheduled_replicas(problem, schedule)
        nobody_waits = np.empty(0, dtype=np.int64)
        rows = self._table.rows_of(scheduled.places, scheduled.caps, nobody_waits)
        latency_s = np.full(self._num_requests, np.nan)
        replica = np.full(self._num_requests, -1, dtype=np.int32)
        batch_size = np.zeros(self._num_requests, dtype=np.int32)
        outcome = nothing_yet(rows, latency_s, replica, batch_size)
        groups = scheduled.lives
        shapes = np.array([group.shape for group in groups], dtype=np.int64)
        serving = self._states.before(None, rows, problem.num_stages[shapes], outcome)
        if rows.group.size:
            changes = changes_of(problem, schedule, scheduled)
            self._kernel(ScheduleLoop(serving, changes, loads_at_start(scheduled)))
        group_of_replica = np.append(rows.group.astype(np.int32), np.int32(-1))
        replay = Replay(
            evaluation_of(rows, len(groups), outcome, self._requests_per_model),
            latency_s,
            group_of_replica[replica],
            None,
            batch_size if self._has_batches else None,
        )
        return ScheduleReplay(replay, groups)
