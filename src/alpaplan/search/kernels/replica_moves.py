"""Moves of replicas; the groups keep their shapes."""

from __future__ import annotations

import numpy as np

from alpaplan.search.kernels.arrays import Change, Draws, Groups, Options
from alpaplan.search.kernels.draw import draw_below, draw_by_weight, draw_two
from alpaplan.search.kernels.holding import (
    bring,
    hold,
    hold_listed,
    keep_but,
    list_models,
    take,
)
from alpaplan.simulator.kernels.compiling import Entries, called_by_kernels, in_kernel

NOBODY = -1
"""Stands for no model."""


@called_by_kernels
def add(
    options: Options, groups: Groups, need: Entries[np.float64], change: Change, draws: Draws
) -> bool:
    """Put a needy model on a group that can serve it; where memory lacks, random others go."""
    num_models, num_groups = options.num_models, groups.num_groups[0]
    model = draw_by_weight(draws, need, num_models)
    free = 0
    for group in range(num_groups):
        free += _could_hold(options, groups, group, model)
    if free == 0:
        return False
    chosen = draw_below(draws, free)
    for group in range(num_groups):
        if _could_hold(options, groups, group, model):
            if chosen == 0:
                return _renew(options, groups, change, draws, group, model, NOBODY)
            chosen -= 1
    return False


@called_by_kernels
def drop(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Remove a random replica."""
    num_models = options.num_models
    size = groups.num_groups[0] * num_models
    count = 0
    for entry in range(size):
        count += groups.held[entry]
    if count == 0:
        return False
    chosen = draw_below(draws, count)
    for entry in range(size):
        if groups.held[entry]:
            if chosen == 0:
                take(change, entry // num_models)
                keep_but(options, groups, change, entry // num_models, entry % num_models)
                return True
            chosen -= 1
    return False


@called_by_kernels
def swap(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Exchange two models between groups that each hold one; where memory lacks, others go."""
    if groups.num_groups[0] < 2:
        return False
    first, second = draw_two(draws, groups.num_groups[0])
    going = _only_here(options, groups, draws, first, second)
    coming = _only_here(options, groups, draws, second, first)
    if going == NOBODY or coming == NOBODY:
        return False
    return _renew(options, groups, change, draws, first, coming, going) and _renew(
        options, groups, change, draws, second, going, coming
    )


@called_by_kernels
def relocate(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Move a random replica to a random group without it; where memory lacks, others go."""
    if groups.num_groups[0] < 2:
        return False
    source, target = draw_two(draws, groups.num_groups[0])
    model = _only_here(options, groups, draws, source, target)
    if model == NOBODY:
        return False
    take(change, source)
    keep_but(options, groups, change, source, model)
    return _renew(options, groups, change, draws, target, model, NOBODY)


@called_by_kernels
def _renew(
    options: Options,
    groups: Groups,
    change: Change,
    draws: Draws,
    group: int,
    coming: int,
    going: int,
) -> bool:
    """Replace a group by one with model `coming`, without `going`, and what fits of its others."""
    take(change, group)
    place = bring(options, change, groups.shape[group])
    if not hold(options, change, place, coming):
        return False
    count = list_models(options, groups, change, draws, group, going)
    hold_listed(options, change, place, 0, count)
    return True


@in_kernel
def _could_hold(options: Options, groups: Groups, group: int, model: int) -> bool:
    num_models = options.num_models
    if groups.held[group * num_models + model]:
        return False
    return bool(options.servable[groups.shape[group] * num_models + model])


@called_by_kernels
def _only_here(options: Options, groups: Groups, draws: Draws, here: int, there: int) -> int:
    """Choose a model that one group holds and another does not; `NOBODY` if there is none."""
    num_models = options.num_models
    count = 0
    for model in range(num_models):
        count += (
            groups.held[here * num_models + model] and not groups.held[there * num_models + model]
        )
    if count == 0:
        return NOBODY
    chosen = draw_below(draws, count)
    for model in range(num_models):
        if groups.held[here * num_models + model] and not groups.held[there * num_models + model]:
            if chosen == 0:
                return model
            chosen -= 1
    return NOBODY
