"""Relocate: a replica moves to another group."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def relocate(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Move a random replica to a random group that lacks it; others leave if they must."""
    placement = state.placement
    if placement.num_groups < 2:
        return None
    source, target = map(int, rng.choice(placement.num_groups, 2, replace=False))
    movable = np.flatnonzero(placement.replicas[source] & ~placement.replicas[target])
    if not movable.size:
        return None
    model = int(rng.choice(movable))
    shapes = int(placement.shapes[source]), int(placement.shapes[target])
    left = placement.replicas[source].copy()
    left[model] = False
    row = state.holding(shapes[1], [model, *state.models_of(target, rng)])
    return change_of((source, target), shapes, left, row) if row[model] else None
