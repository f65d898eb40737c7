"""Swap: two groups exchange a replica each."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def swap(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Exchange two models that only one of two groups holds; others leave if they must."""
    placement = state.placement
    if placement.num_groups < 2:
        return None
    first, second = map(int, rng.choice(placement.num_groups, 2, replace=False))
    one, other = placement.replicas[first], placement.replicas[second]
    only_first, only_second = np.flatnonzero(one & ~other), np.flatnonzero(other & ~one)
    if not only_first.size or not only_second.size:
        return None
    going, coming = int(rng.choice(only_first)), int(rng.choice(only_second))
    shapes = int(placement.shapes[first]), int(placement.shapes[second])
    stay_first = [m for m in state.models_of(first, rng) if m != going]
    stay_second = [m for m in state.models_of(second, rng) if m != coming]
    rows = (
        state.holding(shapes[0], [coming, *stay_first]),
        state.holding(shapes[1], [going, *stay_second]),
    )
    if not rows[0][coming] or not rows[1][going]:
        return None
    return change_of((first, second), shapes, *rows)
