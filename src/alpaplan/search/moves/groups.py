"""Moves of groups: shapes and devices change, and with them the replicas that fit."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState


def reshape(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Give a random group another shape of its size; what no longer fits leaves."""
    if not state.placement.num_groups:
        return None
    group = int(rng.integers(state.placement.num_groups))
    shape = state.any_shape(state.pool_of(group), state.size_of(group), rng)
    if shape is None or shape == state.placement.shapes[group]:
        return None
    return state.change((group,), (shape,), state.holding(shape, state.models_of(group, rng)))


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
    change = state.change((group,), (first, second), *rows)
    return change if state.packs(change) else None


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
    change = state.change((first, second), (shape,), state.holding(shape, rng.permutation(both)))
    return change if state.packs(change) else None


def exchange(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Let one group of a pool grow by as many devices as another one gives up.

    Both keep those of their own models that still fit; the growing one takes more from the other.
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
    change = state.change((giver, taker), (smaller, larger), *rows)
    return change if state.packs(change) else None
