"""Drop: one replica goes, which keeps its requests from delaying others on that group."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def drop(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Take a random replica away."""
    groups, models = np.nonzero(state.placement.replicas)
    if not groups.size:
        return None
    chosen = int(rng.integers(groups.size))
    group = int(groups[chosen])
    row = state.placement.replicas[group].copy()
    row[models[chosen]] = False
    return change_of((group,), (int(state.placement.shapes[group]),), row)
