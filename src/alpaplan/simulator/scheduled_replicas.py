"""A schedule's groups and replicas as the rows that the kernels walk over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.loading import stage_load_s
from alpaplan.problem.schedule import LifeOfGroup, earlier_on_devices, lives_of_groups
from alpaplan.problem.service import capped
from alpaplan.simulator.kernels.schedule_arrays import Changes, Listed, Loads
from alpaplan.simulator.replicas import ReplicaPlaces


@dataclass(frozen=True)
class ScheduledReplicas:
    """The `R` replicas of a schedule, sorted by group, then in the order in which they load.

    Parameters
    ----------
    lives
        The groups, `G` of them.
    group, model : int64[R], int64[R]
        Group and model of each.
    mark : int64[R]
        What else identifies each, beside group and model; 0 if nothing does.
    first, end : int64[R], int64[R]
        First placement that lists it, and one past the last.
    candidates
        For each placement the replicas that it lists, by model and then group in plan order.
    """

    lives: tuple[LifeOfGroup, ...]
    group: NDArray[np.int64]
    model: NDArray[np.int64]
    mark: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    candidates: tuple[NDArray[np.int64], ...]

    @property
    def shapes(self) -> NDArray[np.int64]:
        """The shape of each group, ``int64[G]``."""
        return np.array([life.shape for life in self.lives], dtype=np.int64)


def scheduled_replicas(
    schedule: Schedule, num_models: int, marks: Sequence[NDArray[np.int64]] | None = None
) -> ScheduledReplicas:
    """Return the groups and replicas of a schedule.

    Parameters
    ----------
    schedule, num_models
        The schedule, and its number of models.
    marks
        For each placement, what else identifies its replicas, beside group and model,
        ``int64[G, M]``: one with another mark is another replica. None if nothing does.

    Raises
    ------
    ValueError
        If a placement is of another number of models.
    """
    lives, numbers = lives_of_groups(schedule)
    keys: list[tuple[int, int, int]] = []  # group, model and mark of each replica
    firsts: list[int] = []
    places: list[int] = []  # in its first placement
    ends: list[int] = []
    listed: list[NDArray[np.int64]] = []
    going_on: dict[tuple[int, int, int], int] = {}
    for index, placement in enumerate(schedule.placements):
        if placement.replicas.shape[1] != num_models:
            raise ValueError(f"placement {index} must be of this problem's models")
        group, model = placement.in_replica_order()
        mark = np.zeros_like(group) if marks is None else marks[index][group, model]
        life = numbers[index][group]
        now: dict[tuple[int, int, int], int] = {}
        rows = np.empty(group.size, dtype=np.int64)
        own = zip(life.tolist(), model.tolist(), mark.tolist(), strict=True)
        for position, key in enumerate(own):
            row = going_on.get(key, len(keys))
            if row == len(keys):
                keys.append(key)
                firsts.append(index)
                places.append(position)
                ends.append(index)
            ends[row] = index + 1
            now[key] = rows[position] = row
        listed.append(rows[np.lexsort((group, model))])
        going_on = now
    life, model, mark = np.array(keys, dtype=np.int64).reshape(-1, 3).T
    first, end = np.array(firsts, dtype=np.int64), np.array(ends, dtype=np.int64)
    order = np.lexsort((np.array(places, dtype=np.int64), first, life))
    row_of: NDArray[np.int64] = np.empty_like(order)
    row_of[order] = np.arange(order.size)
    candidates = tuple(row_of[rows] for rows in listed)
    columns = (life[order], model[order], mark[order], first[order], end[order])
    return ScheduledReplicas(lives, *columns, candidates)


def places_and_caps(
    problem: PlacementProblem, schedule: Schedule, replicas: ScheduledReplicas
) -> tuple[ReplicaPlaces, NDArray[np.int64]]:
    """Return where the replicas of fixed-service models are, and the largest batch of each.

    Raises
    ------
    ValueError
        If the problem has no table of batches, or a replica is on a shape that its profile does not
        list.
    """
    own = np.zeros((len(replicas.lives), problem.num_models), dtype=np.int64)
    _, numbers = lives_of_groups(schedule)
    for placement, lives in zip(schedule.placements, numbers, strict=True):
        if placement.max_batch_size is not None:
            group, model = np.nonzero(placement.replicas)
            own[lives[group], model] = placement.max_batch_size[group, model]
    model, profile = replicas.model, problem.profile_of_model[replicas.model]
    shape = replicas.shapes[replicas.group]
    if problem.batches is None or not problem.supported[shape, profile].all():
        raise ValueError("a replica is on a group whose shape its profile does not list")
    caps = capped(problem.batches.largest[shape, profile], own[replicas.group, model])
    num_stages = int(problem.num_stages[replicas.shapes].max(initial=1))
    nobody = np.zeros(problem.num_models + 1, dtype=np.uint32)
    pair = shape * len(problem.profile_names) + profile
    return ReplicaPlaces(model, replicas.group, nobody, pair, num_stages), caps


def listed_in(replicas: ScheduledReplicas, num_models: int) -> Listed:
    """Return which replicas each placement has, as kernels take it."""
    num_placements = len(replicas.candidates)
    per_model = [np.bincount(replicas.model[r], minlength=num_models) for r in replicas.candidates]
    rows = np.arange(replicas.model.size)
    first_removed, removed = _joined([rows[replicas.end == at] for at in range(num_placements)])
    first_added, added = _joined([rows[replicas.first == at] for at in range(num_placements)])
    earlier = earlier_on_devices(replicas.lives)
    first_earlier, earlier_groups = _joined([np.array(e, dtype=np.int64) for e in earlier])
    return Listed(
        first_candidate=_bounds(np.concatenate(per_model)),
        candidate=np.concatenate(replicas.candidates).astype(np.uint32),
        first_removed=first_removed,
        removed=removed,
        first_added=first_added,
        added=added,
        first_earlier=first_earlier,
        earlier=earlier_groups,
    )


def load_s_of(
    problem: PlacementProblem, replicas: ScheduledReplicas, num_stages: int
) -> NDArray[np.float64]:
    """Return how long each stage of each replica takes to load, ``float64[R, num_stages]``."""
    shape = replicas.shapes[replicas.group]
    load_s = stage_load_s(problem)[shape, problem.profile_of_model[replicas.model]]
    return load_s[:, :num_stages]


def changes_of(
    problem: PlacementProblem, schedule: Schedule, replicas: ScheduledReplicas, num_stages: int
) -> Changes:
    """Return what changes from each placement to the next, as kernels take it."""
    return Changes(
        start_s=schedule.start_s.astype(np.float64),
        listed=listed_in(replicas, problem.num_models),
        load_s=load_s_of(problem, replicas, num_stages).ravel(),
        overhead_s=float(problem.load_overhead_s),
    )


@dataclass(frozen=True)
class LoadOrder:
    """Which replicas are loaded at time 0 (S2: those of the first placement), and which come next.

    Parameters
    ----------
    is_loaded : bool[R]
        Whether a replica is loaded.
    first_row, next_row : int64[G], int64[G]
        First replica of each group, and the first of those that are not loaded.
    """

    is_loaded: NDArray[np.bool_]
    first_row: NDArray[np.int64]
    next_row: NDArray[np.int64]

    @classmethod
    def of(cls, replicas: ScheduledReplicas) -> LoadOrder:
        """Return that of a schedule."""
        num_groups, is_loaded = len(replicas.lives), replicas.first == 0
        first_row = replicas.group.searchsorted(np.arange(num_groups))
        num_loaded = np.bincount(replicas.group[is_loaded], minlength=num_groups)
        return cls(is_loaded, first_row, first_row + num_loaded)


def loads_at_start(
    replicas: ScheduledReplicas, num_stages: int, others_s: NDArray[np.float64]
) -> Loads:
    """Return what is loaded at time 0.

    Parameters
    ----------
    replicas
        The replicas.
    num_stages
        Stages of every row in the arrays.
    others_s : float64[G]
        See `alpaplan.simulator.scheduled_part.ScheduledService.replay`.
    """
    num_groups, num_rows = len(replicas.lives), replicas.first.size
    order = LoadOrder.of(replicas)
    return Loads(
        ready_s=np.where(order.is_loaded, -np.inf, np.inf),
        is_gone=np.zeros(num_rows, dtype=np.uint8),
        end_s=np.full(num_rows, -np.inf),
        next_row=order.next_row.astype(np.uint32),
        end_row=order.next_row.astype(np.uint32),
        told_s=np.zeros(num_groups),
        free_s=others_s.copy(),
        first_gone=order.first_row.astype(np.uint32),
        num_gone=np.zeros(num_groups, dtype=np.uint32),
        gone=np.zeros(num_rows, dtype=np.uint32),
        stage_end_s=np.full(num_groups * num_stages, -np.inf),
    )


def _joined(
    parts: Sequence[NDArray[np.int64]],
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Concatenate lists; return where each begins, and where the last ends, and the result."""
    joined = np.concatenate([np.empty(0, dtype=np.int64), *parts]).astype(np.uint32)
    return _bounds(part.size for part in parts), joined


def _bounds(counts: Iterable[int] | NDArray[np.int64]) -> NDArray[np.uint32]:
    return np.append(0, np.cumsum(list(counts), dtype=np.int64)).astype(np.uint32)
