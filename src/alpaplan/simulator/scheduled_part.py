"""Simulation of a schedule's groups of one kind of service, and how two kinds interact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Schedule
from alpaplan.problem.schedule import LifeOfGroup
from alpaplan.simulator.evaluation import Replay

Amount = TypeVar("Amount", bound=np.generic)


@dataclass(frozen=True)
class ScheduledPart:
    """The result for the `G` groups of one kind of service.

    Parameters
    ----------
    replay
        Counts, and the fates of the requests of this kind. Its state is None.
    groups
        The life of each group, from where it is new to where it ends.
    free_s : float64[G]
        When each group that has ended is done with its work; minus infinity if it had none.
    """

    replay: Replay
    groups: tuple[LifeOfGroup, ...]
    free_s: NDArray[np.float64]


class ScheduledService(Protocol):
    """Simulates schedules of one kind of service."""

    def replay(self, schedule: Schedule, others_s: NDArray[np.float64]) -> ScheduledPart:
        """Simulate a schedule.

        Parameters
        ----------
        schedule
            The schedule, with groups of this kind alone.
        others_s : float64[G]
            When groups of the other kind that had some of a group's devices before are done with
            their work (S5); minus infinity if there are none.

        Raises
        ------
        ValueError
            If its placements are not of this problem.
        """


def waits_for(groups: Sequence[LifeOfGroup], others: ScheduledPart) -> NDArray[np.float64]:
    """Return when the others that had some of each group's devices before are done.

    Parameters
    ----------
    groups
        Groups of one kind, ``G`` of them.
    others
        Those of the other kind.

    Returns
    -------
    float64[G]
        Minus infinity if no group had them.
    """
    found = np.full(len(groups), -np.inf)
    for number, group in enumerate(groups):
        for other, free_s in zip(others.groups, others.free_s.tolist(), strict=True):
            if other.end <= group.first and other.devices & group.devices:
                found[number] = max(found[number], free_s)
    return found


def of_kind(schedule: Schedule, models: NDArray[np.bool_]) -> Schedule:
    """Return the part of a schedule whose groups serve the given models.

    A group that continues without replicas remains part of it.

    Parameters
    ----------
    schedule
        The schedule.
    models : bool[M]
        The models of one kind.
    """
    kept: list[list[int]] = []
    before: set[str] = set()
    for placement, names in zip(schedule.placements, schedule.names, strict=True):
        has_own = np.flatnonzero(placement.replicas[:, models].any(axis=1)).tolist()
        has_any = placement.in_use.tolist()
        groups = [
            group
            for group, name in enumerate(names)
            if group in has_own or (name in before and group not in has_any)
        ]
        before = {names[group] for group in groups}
        kept.append(groups)
    rows = list(zip(schedule.placements, schedule.names, schedule.devices, kept, strict=True))
    return Schedule(
        schedule.start_s,
        tuple(placement.take(groups) for placement, _, _, groups in rows),
        tuple(tuple(names[group] for group in groups) for _, names, _, groups in rows),
        tuple(tuple(devices[group] for group in groups) for _, _, devices, groups in rows),
    )


def among(replay: Replay, first: int, num_groups: int) -> Replay:
    """Return a replay of groups as one of `num_groups`, where these start at index `first`."""
    counts = replay.evaluation
    own = slice(first, first + counts.group_requests.size)

    def of_all(amount: NDArray[Amount]) -> NDArray[Amount]:
        found = np.zeros((num_groups, *amount.shape[1:]), dtype=amount.dtype)
        found[own] = amount
        return found

    evaluation = replace(
        counts,
        group_requests=of_all(counts.group_requests),
        group_attained=of_all(counts.group_attained),
        group_busy_s=of_all(counts.group_busy_s),
    )
    group = np.where(replay.group >= 0, replay.group + first, -1).astype(np.int32)
    engines = replay.engines
    if engines is not None:
        engines = replace(
            engines,
            group=engines.group + first,
            stage_busy_s=of_all(engines.stage_busy_s),
        )
    return replace(replay, evaluation=evaluation, group=group, engines=engines)
