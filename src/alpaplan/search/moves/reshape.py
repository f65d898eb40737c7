"""Reshape: a group runs another parallel configuration on the same devices."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def reshape(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Give a random group another shape of its size; what no longer fits leaves."""
    if not state.placement.num_groups:
        return None
    group = int(rng.integers(state.placement.num_groups))
    shape = state.any_shape(state.pool_of(group), state.size_of(group), rng)
    if shape is None or shape == state.placement.shapes[group]:
        return None
    return change_of((group,), (shape,), state.holding(shape, state.models_of(group, rng)))
