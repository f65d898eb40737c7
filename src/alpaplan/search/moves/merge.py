"""Merge: one group in place of two."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def merge(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Join two random groups of a pool; what does not fit into the joined group leaves."""
    if state.placement.num_groups < 2:
        return None
    first, second = map(int, rng.choice(state.placement.num_groups, 2, replace=False))
    pool = state.pool_of(first)
    if state.pool_of(second) != pool:
        return None
    shape = state.any_shape(pool, state.size_of(first) + state.size_of(second), rng)
    if shape is None:
        return None
    both = np.flatnonzero(state.placement.replicas[[first, second]].any(axis=0))
    change = change_of((first, second), (shape,), state.holding(shape, rng.permutation(both)))
    return change if state.packs(change) else None
