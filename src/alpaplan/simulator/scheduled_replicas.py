"""A schedule's groups and replicas as rows for the kernels, each from where it is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem, Schedule
from alpaplan.problem.loading import stage_load_s
from alpaplan.problem.schedule import LifeOfGroup, earlier_on_devices, lives_of_groups
from alpaplan.problem.service import capped
from alpaplan.simulator.kernels.schedule_arrays import Changes, Loads
from alpaplan.simulator.replicas import ReplicaPlaces


@dataclass(frozen=True)
class ScheduledReplicas:
    """The `R` replicas of a schedule, sorted by group and there in the order in which they load.

    Parameters
    ----------
    lives
        The groups, `G` of them.
    places
        The replicas, not sorted by model.
    caps : int64[R]
        Largest batch of each.
    first, end : int64[R], int64[R]
        First placement that lists it, and the one behind the last.
    candidates
        For each placement the replicas that it lists, by model and then group in plan order.
    """

    lives: tuple[LifeOfGroup, ...]
    places: ReplicaPlaces
    caps: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    candidates: tuple[NDArray[np.int64], ...]


def scheduled_replicas(problem: PlacementProblem, schedule: Schedule) -> ScheduledReplicas:
    """Return the groups and replicas of a schedule.

    Parameters
    ----------
    problem
        The problem, with a table of batches.
    schedule
        The schedule.

    Raises
    ------
    ValueError
        If a placement is not one of this problem.
    """
    lives, numbers = lives_of_groups(schedule)
    found: list[list[int]] = []  # group, model, first, place and end of each
    listed: list[NDArray[np.int64]] = []
    going_on: dict[tuple[int, int], int] = {}
    own = np.zeros((len(lives), problem.num_models), dtype=np.int64)
    for index, placement in enumerate(schedule.placements):
        if placement.replicas.shape[1] != problem.num_models:
            raise ValueError(f"placement {index} must be of this problem's models")
        group, model = placement.in_replica_order()
        life = numbers[index][group]
        if placement.max_batch_size is not None:
            own[life, model] = placement.max_batch_size[group, model]
        now: dict[tuple[int, int], int] = {}
        rows = np.empty(group.size, dtype=np.int64)
        pairs = zip(life.tolist(), model.tolist(), strict=True)
        for position, pair in enumerate(pairs):
            row = going_on.get(pair, len(found))
            if row == len(found):
                found.append([*pair, index, position, index])
            found[row][4] = index + 1
            now[pair] = rows[position] = row
        listed.append(rows[np.lexsort((group, model))])
        going_on = now
    life, model, first, place, end = np.array(found, dtype=np.int64).reshape(-1, 5).T
    order = np.lexsort((place, first, life))
    row_of: NDArray[np.int64] = np.empty_like(order)
    row_of[order] = np.arange(order.size)
    places, caps = _places(problem, lives, life[order], model[order], own)
    candidates = tuple(row_of[rows] for rows in listed)
    return ScheduledReplicas(lives, places, caps, first[order], end[order], candidates)


def _places(
    problem: PlacementProblem,
    lives: Sequence[LifeOfGroup],
    life: NDArray[np.int64],
    model: NDArray[np.int64],
    own: NDArray[np.int64],
) -> tuple[ReplicaPlaces, NDArray[np.int64]]:
    shapes = np.array([each.shape for each in lives], dtype=np.int64)
    profile = problem.profile_of_model[model]
    shape = shapes[life]
    if problem.batches is None or not problem.supported[shape, profile].all():
        raise ValueError("a replica is on a group whose shape its profile does not list")
    caps = capped(problem.batches.largest[shape, profile], own[life, model])
    num_stages = int(problem.num_stages[shapes].max(initial=1))
    nobody = np.zeros(problem.num_models + 1, dtype=np.uint32)
    pair = shape * len(problem.profile_names) + profile
    return ReplicaPlaces(model, life, nobody, pair, num_stages), caps


def changes_of(
    problem: PlacementProblem, schedule: Schedule, replicas: ScheduledReplicas
) -> Changes:
    """Return what changes from each placement to the next, as the kernels take it."""
    places, num_models = replicas.places, problem.num_models
    per_model = [np.bincount(places.model[r], minlength=num_models) for r in replicas.candidates]
    rows = np.arange(places.model.size)
    num_placements = schedule.num_placements
    removed = [rows[replicas.end == index] for index in range(num_placements)]
    added = [rows[replicas.first == index] for index in range(num_placements)]
    first_removed, removed_rows = _joined(removed)
    first_added, added_rows = _joined(added)
    earlier = earlier_on_devices(replicas.lives)
    first_earlier, earlier_groups = _joined([np.array(e, dtype=np.int64) for e in earlier])
    shape = np.array([life.shape for life in replicas.lives], dtype=np.int64)[places.group]
    load_s = stage_load_s(problem)[shape, problem.profile_of_model[places.model]]
    return Changes(
        start_s=schedule.start_s.astype(np.float64),
        first_candidate=_bounds(np.concatenate(per_model)),
        candidate=np.concatenate(replicas.candidates).astype(np.uint32),
        first_removed=first_removed,
        removed=removed_rows,
        first_added=first_added,
        added=added_rows,
        first_earlier=first_earlier,
        earlier=earlier_groups,
        load_s=load_s[:, : places.num_stages].ravel(),
        overhead_s=float(problem.load_overhead_s),
    )


def loads_at_start(replicas: ScheduledReplicas) -> Loads:
    """Return what is loaded at time 0: all replicas of the first placement (S2)."""
    num_groups, num_rows = len(replicas.lives), replicas.first.size
    is_first = replicas.first == 0
    group = replicas.places.group
    first_row = group.searchsorted(np.arange(num_groups))
    loaded = (first_row + np.bincount(group[is_first], minlength=num_groups)).astype(np.uint32)
    return Loads(
        ready_s=np.where(is_first, -np.inf, np.inf),
        is_gone=np.zeros(num_rows, dtype=np.uint8),
        end_s=np.full(num_rows, -np.inf),
        next_row=loaded,
        end_row=loaded.copy(),
        told_s=np.zeros(num_groups),
        free_s=np.full(num_groups, -np.inf),
        first_gone=first_row.astype(np.uint32),
        num_gone=np.zeros(num_groups, dtype=np.uint32),
        gone=np.zeros(num_rows, dtype=np.uint32),
        stage_end_s=np.full(num_groups * replicas.places.num_stages, -np.inf),
    )


def _joined(
    parts: Sequence[NDArray[np.int64]],
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return where each of some lists begins behind the ones before, and all of them."""
    joined = np.concatenate([np.empty(0, dtype=np.int64), *parts]).astype(np.uint32)
    return _bounds(part.size for part in parts), joined


def _bounds(counts: Iterable[int] | NDArray[np.int64]) -> NDArray[np.uint32]:
    return np.append(0, np.cumsum(list(counts), dtype=np.int64)).astype(np.uint32)
