"""Proposes changes: small random ones, and what the placement is after one."""

from __future__ import annotations

import numpy as np

from alpaplan.search.kernels.arrays import COMING, GOING, KIND, Change, Draws, Groups, Options
from alpaplan.search.kernels.draw import draw_by_weight
from alpaplan.search.kernels.group_moves import exchange, merge, reshape, separate, split
from alpaplan.search.kernels.replica_moves import add, drop, relocate, swap
from alpaplan.simulator.kernels.compiling import Entries, called_by_kernels, in_kernel

NUM_KINDS = 9
ADD, DROP, SWAP, RELOCATE, RESHAPE, SPLIT, MERGE, EXCHANGE, SEPARATE = range(NUM_KINDS)
"""Kinds of change, in the order of `alpaplan.search.moves.MOVES`."""


CHANGING_SIZES = (SPLIT, MERGE, EXCHANGE)
"""Those after which groups may not pack onto the devices."""

DRAWS_OF_MODEL, OTHER_DRAWS = 2, 16
"""Numbers that a change draws at most for each model, as it shuffles those of two groups or their
union twice, and besides (counts)."""


@called_by_kernels
def draw_change(
    options: Options, groups: Groups, need: Entries[np.float64], change: Change, draws: Draws
) -> bool:
    """Propose a change of a kind that is drawn; False if it finds nothing to change this time."""
    change.counts[GOING] = change.counts[COMING] = 0
    kind = draw_by_weight(draws, options.share, NUM_KINDS)
    change.counts[KIND] = kind
    if kind == ADD:
        return add(options, groups, need, change, draws)
    if kind == DROP:
        return drop(options, groups, change, draws)
    if kind == SWAP:
        return swap(options, groups, change, draws)
    if kind == RELOCATE:
        return relocate(options, groups, change, draws)
    if kind == RESHAPE:
        return reshape(options, groups, change, draws)
    if kind == SPLIT:
        return split(options, groups, change, draws)
    if kind == MERGE:
        return merge(options, groups, change, draws)
    if kind == EXCHANGE:
        return exchange(options, groups, change, draws)
    return separate(options, groups, change, draws)


@called_by_kernels
def apply_change(num_models: int, before: Groups, change: Change, after: Groups) -> None:
    """Write the changed placement: what comes takes the place of the first group that goes."""
    going = change.counts[GOING]
    place = change.removed[0]
    if going == 2:
        place = min(place, change.removed[1])
    count = 0
    for group in range(before.num_groups[0]):
        if group == place:
            for new in range(change.counts[COMING]):
                after.shape[count] = change.shape[new]
                _copy(change.held, new * num_models, after.held, count * num_models, num_models)
                count += 1
        if group != change.removed[0] and (going == 1 or group != change.removed[1]):
            after.shape[count] = before.shape[group]
            _copy(before.held, group * num_models, after.held, count * num_models, num_models)
            count += 1
    after.num_groups[0] = count


@in_kernel
def _copy(
    source: Entries[np.uint8], first: int, target: Entries[np.uint8], at: int, count: int
) -> None:
    for entry in range(count):
        target[at + entry] = source[first + entry]


def propose(
    options: Options,
    groups: Groups,
    need: Entries[np.float64],
    change: Change,
    draws: Draws,
) -> None:
    """Propose one change; without any, no group comes.

    Parameters
    ----------
    options, groups
        What there is to choose from, and the placement.
    need : float64[M]
        How much each model needs replicas, summed up.
    change
        Written.
    draws
        At least `DRAWS_OF_MODEL` of its numbers for each model and `OTHER_DRAWS` have to be unused.
    """
    if not draw_change(options, groups, need, change, draws):
        change.counts[COMING] = 0
