"""The move of caps: replicas form larger or smaller batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement
from alpaplan.problem.memory import keep_what_fits
from alpaplan.search.caps import with_room
from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState


def recap(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Raise or lower the cap of a replica, of its model everywhere, or of all on its group.

    Where larger batches take too much memory, other replicas of the group go.
    """
    problem, placement = state.problem, state.placement
    if problem.batches is None:
        return None
    largest = problem.batches.largest[placement.shapes][:, problem.profile_of_model]
    groups, models = np.nonzero(placement.replicas & (largest > 1))
    if not groups.size:
        return None
    chosen = int(rng.integers(groups.size))
    changed = _scope(
        placement.replicas & (largest > 1), int(groups[chosen]), int(models[chosen]), rng
    )
    removed = np.flatnonzero(changed.any(axis=1))
    wanted = np.where(changed, _moved(state.caps, largest, rng), state.caps)[removed]
    if (wanted == state.caps[removed]).all():
        return None
    rows = [
        _keeping(state, index, changed[index], caps, rng)
        for index, caps in zip(removed.tolist(), wanted, strict=True)
    ]
    kept = Placement(placement.shapes[removed], np.array(rows, dtype=np.bool_))
    added = with_room(problem, kept, np.maximum(wanted, 1))
    return Change(tuple(removed.tolist()), added)


def _scope(
    possible: NDArray[np.bool_], group: int, model: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose the replicas whose caps change, ``bool[G, M]``: half of the time a single one."""
    where = rng.random()
    changed = np.zeros_like(possible)
    if where < 0.5:
        changed[group, model] = True
    elif where < 0.75:
        changed[:, model] = possible[:, model]
    else:
        changed[group] = possible[group]
    return changed


def _moved(
    caps: NDArray[np.int64], largest: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return all caps plus or minus one, or doubled or halved."""
    doubles, rises = rng.random(2) < 0.5
    larger, smaller = (caps * 2, caps // 2) if doubles else (caps + 1, caps - 1)
    return np.clip(larger if rises else smaller, 1, np.maximum(largest, 1))


def _keeping(
    state: MoveState,
    group: int,
    changed: NDArray[np.bool_],
    caps: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return what a group still holds if some replicas get new caps, ``bool[M]``."""
    problem = state.problem
    others = rng.permutation(np.flatnonzero(state.placement.replicas[group] & ~changed))
    order = np.concatenate([np.flatnonzero(changed), others])
    limits = np.where(changed, caps, 1)
    row = np.zeros(problem.num_models, dtype=np.bool_)
    row[keep_what_fits(problem, int(state.placement.shapes[group]), order, limits)] = True
    return row
