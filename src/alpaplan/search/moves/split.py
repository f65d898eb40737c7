"""Split: two groups in place of one."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState, change_of


def split(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Split a random group into two of its size together.

    Half of the times both parts take as many of its models as fit. Otherwise the models are
    parted by their latency objective, so that short ones no longer wait behind long ones.
    """
    if not state.placement.num_groups:
        return None
    group = int(rng.integers(state.placement.num_groups))
    pool, size = state.pool_of(group), state.size_of(group)
    sizes = [n for p, n in state.choices.shapes_of if p == pool and n < size]
    sizes = [n for n in sizes if (pool, size - n) in state.choices.shapes_of]
    if not sizes:
        return None
    first_size = int(rng.choice(sizes))
    first = state.any_shape(pool, first_size, rng)
    second = state.any_shape(pool, size - first_size, rng)
    if first is None or second is None:
        return None
    models = state.models_of(group, rng)
    if rng.random() < 0.5:
        rows = state.holding(first, models), state.holding(second, models[::-1])
    else:
        by_slo = models[np.argsort(state.choices.problem.slo_s[models], kind="stable")]
        cut = int(rng.integers(by_slo.size + 1))
        # Behind its own part each takes what else fits, half of the times.
        rest = by_slo.size if rng.random() < 0.5 else 0
        short, long = by_slo[:cut], by_slo[cut:]
        rows = (
            state.holding(first, [*short, *long[:rest]]),
            state.holding(second, [*long, *short[::-1][:rest]]),
        )
    change = change_of((group,), (first, second), *rows)
    return change if state.packs(change) else None
