"""Add: a replica of a needy model; replicas that leave no room for it go."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def add(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Put a needy model onto a group that could serve it; random others leave if they must."""
    model = state.needy_model(rng)
    placement = state.placement
    free = ~placement.replicas[:, model] & state.choices.servable[placement.shapes, model]
    groups = np.flatnonzero(free)
    if not groups.size:
        return None
    group = int(rng.choice(groups))
    shape = int(placement.shapes[group])
    row = state.holding(shape, [model, *state.models_of(group, rng)])
    return change_of((group,), (shape,), row) if row[model] else None
