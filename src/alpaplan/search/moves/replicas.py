"""Moves of replicas: the groups stay as they are."""

from __future__ import annotations

import numpy as np

from alpaplan.search.incremental import Change
from alpaplan.search.moves.state import MoveState


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
    return state.change((group,), (shape,), row) if row[model] else None


def drop(state: MoveState, rng: np.random.Generator) -> Change | None:
    """Take a random replica away."""
    groups, models = np.nonzero(state.placement.replicas)
    if not groups.size:
        return None
    chosen = int(rng.integers(groups.size))
    group = int(groups[chosen])
    row = state.placement.replicas[group].copy()
    row[models[chosen]] = False
    return state.change((group,), (int(state.placement.shapes[group]),), row)


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
    return state.change((first, second), shapes, *rows)


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
    return state.change((source, target), shapes, left, row) if row[model] else None
