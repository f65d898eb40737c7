"""Simulates schedules, placements that change, on one trace (design/SCHEDULE.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.schedule import LifeOfGroup, lives_of_groups
from alpaplan.simulator.evaluation import EngineReplay, Replay, total
from alpaplan.simulator.part import Part, joined
from alpaplan.simulator.scheduled_engines import EngineSchedules
from alpaplan.simulator.scheduled_fixed import FixedSchedules
from alpaplan.simulator.scheduled_part import (
    ScheduledPart,
    ScheduledService,
    among,
    of_kind,
    waits_for,
)
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class ScheduleReplay:
    """The result of simulating a schedule on a trace.

    Parameters
    ----------
    replay
        Counts, and the fate of every request. Its groups are those below; its state is None.
    groups
        The lives of all groups, each from where it is new to where it ends.
    names
        The names of all groups, in order of first appearance.
    """

    replay: Replay
    groups: tuple[LifeOfGroup, ...]
    names: tuple[str, ...]

    def by_name(self) -> tuple[tuple[str, ...], Replay]:
        """Return the names, and the replay with groups of one name merged, as S11 counts them."""
        number = {name: n for n, name in enumerate(self.names)}
        of_group = np.array([number[group.name] for group in self.groups], dtype=np.int64)
        num_names, counts = len(number), self.replay.evaluation
        evaluation = replace(
            counts,
            group_requests=total(counts.group_requests, of_group, num_names),
            group_attained=total(counts.group_attained, of_group, num_names),
            group_busy_s=total(counts.group_busy_s, of_group, num_names),
        )
        group = np.append(of_group, -1).astype(np.int32)[self.replay.group]
        engines = self.replay.engines
        if engines is not None:
            engines = _engines_of_names(engines, of_group, num_names)
        named = replace(self.replay, evaluation=evaluation, group=group, engines=engines)
        return self.names, named


def _engines_of_names(
    engines: EngineReplay, of_group: NDArray[np.int64], num_names: int
) -> EngineReplay:
    """Merge engines of the same name, model and size of cache."""
    busy_s = np.zeros((num_names, engines.stage_busy_s.shape[1]))
    np.add.at(busy_s, of_group, engines.stage_busy_s)
    name = of_group[engines.group]
    keys = np.stack([name, engines.model, engines.kv_tokens], axis=1)
    same, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    # Sorted by name, then in order of first appearance.
    order = np.lexsort((first, same[:, 0]))
    peak = np.zeros(order.size, dtype=np.int64)
    np.maximum.at(peak, number.ravel(), engines.kv_peak_tokens)
    return replace(
        engines,
        stage_busy_s=busy_s,
        group=same[order, 0],
        model=same[order, 1],
        kv_tokens=same[order, 2],
        kv_peak_tokens=peak[order],
        preemptions=total(engines.preemptions, number.ravel(), order.size)[order],
        iterations=total(engines.iterations, number.ravel(), order.size)[order],
    )


class ScheduleSimulator:
    """Simulates any number of schedules of one problem on one trace.

    Threads may share one, as with `alpaplan.simulator.Simulator`.

    Parameters
    ----------
    problem
        The problem.
    trace
        The arrivals, of the problem's models.

    Raises
    ------
    ValueError
        If the trace has other models, its times are not in order, or requests for LLMs have no
        tokens.
    """

    def __init__(self, problem: PlacementProblem, trace: Trace) -> None:
        if trace.model_names != problem.model_names:
            raise ValueError("the trace must index the problem's models: use trace.for_models")
        if not np.all(trace.arrival_s[1:] >= trace.arrival_s[:-1]):
            raise ValueError("the trace's times must not decrease")
        self._num_requests, self._num_models = trace.num_requests, problem.num_models
        is_llm = problem.model_is_llm
        self._kinds: list[Part[ScheduledService]] = []
        if problem.engines is not None:
            rows = np.flatnonzero(is_llm[trace.model])
            llms = EngineSchedules(problem, trace.take(rows), problem.engines)
            self._kinds.append(Part(is_llm, rows, llms))
        if not is_llm.all():
            rows = np.flatnonzero(~is_llm[trace.model])
            self._kinds.append(Part(~is_llm, rows, FixedSchedules(problem, trace.take(rows))))

    def replay(self, schedule: Schedule) -> ScheduleReplay:
        """Simulate a schedule and return the fate of every request.

        A group that changes from LLMs to fixed-service models, or back, becomes a new group.

        Raises
        ------
        ValueError
            If its placements are not of this problem.
        """
        for index, placement in enumerate(schedule.placements):
            if placement.replicas.shape[1] != self._num_models:
                raise ValueError(f"placement {index} must be of this problem's models")
        names = tuple(dict.fromkeys(name for each in schedule.names for name in each))
        parts = self._parts(schedule)
        if len(parts) == 1:
            return ScheduleReplay(parts[0].replay, parts[0].groups, names)
        groups = tuple(group for part in parts for group in part.groups)
        firsts = np.cumsum([0, *(len(part.groups) for part in parts)]).tolist()
        replays = [
            (kind.rows, among(part.replay, first, len(groups)))
            for kind, part, first in zip(self._kinds, parts, firsts, strict=False)
        ]
        return ScheduleReplay(joined(replays, self._num_requests), groups, names)

    def _parts(self, schedule: Schedule) -> list[ScheduledPart]:
        """Simulate each kind of service; loads of one may wait for groups of the other (S5).

        Kinds are simulated again until no wait changes. Groups wait only for those of earlier
        placements, so that each round settles at least one more placement.
        """
        if len(self._kinds) == 1:
            (kind,) = self._kinds
            lives, _ = lives_of_groups(schedule)
            return [kind.service.replay(schedule, np.full(len(lives), -np.inf))]
        own = [of_kind(schedule, kind.models) for kind in self._kinds]
        waits = [np.full(len(lives_of_groups(each)[0]), -np.inf) for each in own]
        parts = [
            kind.service.replay(each, others_s)
            for kind, each, others_s in zip(self._kinds, own, waits, strict=True)
        ]
        while True:
            found = [waits_for(parts[at].groups, parts[1 - at]) for at in range(2)]
            if all(map(np.array_equal, found, waits)):
                return parts
            for at, kind in enumerate(self._kinds):
                if not np.array_equal(found[at], waits[at]):
                    parts[at] = kind.service.replay(own[at], found[at])
            waits = found
