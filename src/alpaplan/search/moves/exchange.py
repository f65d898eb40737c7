"""Exchange: devices go from one group to another."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def exchange(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Let one group of a pool grow by as many devices as another one gives up.

    Both keep their own models as far as they fit; the growing one takes more from the other.
    """
    if state.placement.num_groups < 2:
        return None
    giver, taker = map(int, rng.choice(state.placement.num_groups, 2, replace=False))
    pool = state.pool_of(giver)
    if state.pool_of(taker) != pool:
        return None
    have = state.size_of(giver), state.size_of(taker)
    sizes = [n for p, n in state.choices.shapes_of if p == pool and n < have[0]]
    sizes = [n for n in sizes if (pool, sum(have) - n) in state.choices.shapes_of]
    if not sizes:
        return None
    left = int(rng.choice(sizes))
    smaller = state.any_shape(pool, left, rng)
    larger = state.any_shape(pool, sum(have) - left, rng)
    if smaller is None or larger is None:
        return None
    given, taken = state.models_of(giver, rng), state.models_of(taker, rng)
    rows = state.holding(smaller, given), state.holding(larger, [*taken, *given])
    change = change_of((giver, taker), (smaller, larger), *rows)
    return change if state.packs(change) else None
