"""Changes of groups: shapes and devices change, or all that groups hold."""

from __future__ import annotations

from alpaplan.search.kernels.arrays import Change, Draws, Groups, Options
from alpaplan.search.kernels.draw import draw, draw_below, draw_two, shuffle
from alpaplan.search.kernels.holding import (
    bring,
    hold_listed,
    hold_listed_backwards,
    list_models,
    shape_of_size,
    size_to_part,
    take,
)
from alpaplan.search.kernels.replica_moves import NOBODY
from alpaplan.simulator.kernels.compiling import called_by_kernels, in_kernel

RESHAPED = 0.3
"""How often groups whose models are separated get other shapes (a fraction; 0 to 1)."""


@called_by_kernels
def reshape(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Give a random group another shape of its size; what no longer fits leaves."""
    if groups.num_groups[0] == 0:
        return False
    group = draw_below(draws, groups.num_groups[0])
    old = groups.shape[group]
    shape = shape_of_size(options, draws, options.pool[old], options.num_devices[old])
    if shape < 0 or shape == old:
        return False
    take(change, group)
    place = bring(options, change, shape)
    count = list_models(options, groups, change, draws, group, NOBODY)
    hold_listed(options, change, place, 0, count)
    return True


@called_by_kernels
def split(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Split a random group into two of its size together.

    Half of the times both parts take as many of its models as fit. Otherwise the models are
    parted by their latency objective, so that short ones no longer wait behind long ones.
    """
    if groups.num_groups[0] == 0:
        return False
    group = draw_below(draws, groups.num_groups[0])
    old = groups.shape[group]
    pool, size = options.pool[old], options.num_devices[old]
    first_size = size_to_part(options, draws, pool, size, size)
    if first_size == 0:
        return False
    first = bring(options, change, shape_of_size(options, draws, pool, first_size))
    second = bring(options, change, shape_of_size(options, draws, pool, size - first_size))
    take(change, group)
    count = list_models(options, groups, change, draws, group, NOBODY)
    if draw(draws) < 0.5:
        hold_listed(options, change, first, 0, count)
        hold_listed_backwards(options, change, second, 0, count)
        return True
    _sort_by_slo(options, change, count)
    cut = draw_below(draws, count + 1)
    hold_listed(options, change, first, 0, cut)
    hold_listed(options, change, second, cut, count)
    # Behind its own part each takes what else fits, half of the times.
    if draw(draws) < 0.5:
        hold_listed(options, change, first, cut, count)
        hold_listed_backwards(options, change, second, 0, cut)
    return True


@called_by_kernels
def merge(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Join two random groups of a pool; what does not fit into the joined group leaves."""
    if groups.num_groups[0] < 2:
        return False
    first, second = draw_two(draws, groups.num_groups[0])
    one, other = groups.shape[first], groups.shape[second]
    if options.pool[one] != options.pool[other]:
        return False
    size = options.num_devices[one] + options.num_devices[other]
    shape = shape_of_size(options, draws, options.pool[one], size)
    if shape < 0:
        return False
    take(change, first)
    take(change, second)
    place = bring(options, change, shape)
    count = _list_both(options, groups, change, draws, first, second)
    hold_listed(options, change, place, 0, count)
    return True


@called_by_kernels
def exchange(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Let one group of a pool grow by as many devices as another one gives up.

    Both keep those of their own models that still fit; the growing one takes more from the other.
    """
    if groups.num_groups[0] < 2:
        return False
    giver, taker = draw_two(draws, groups.num_groups[0])
    one, other = groups.shape[giver], groups.shape[taker]
    pool = options.pool[one]
    if options.pool[other] != pool:
        return False
    total = options.num_devices[one] + options.num_devices[other]
    left = size_to_part(options, draws, pool, total, options.num_devices[one])
    if left == 0:
        return False
    take(change, giver)
    take(change, taker)
    smaller = bring(options, change, shape_of_size(options, draws, pool, left))
    larger = bring(options, change, shape_of_size(options, draws, pool, total - left))
    count = list_models(options, groups, change, draws, taker, NOBODY)
    hold_listed(options, change, larger, 0, count)
    count = list_models(options, groups, change, draws, giver, NOBODY)
    hold_listed(options, change, smaller, 0, count)
    hold_listed(options, change, larger, 0, count)
    return True


@called_by_kernels
def separate(options: Options, groups: Groups, change: Change, draws: Draws) -> bool:
    """Give one of two random groups their models of short latency objectives, the other the rest.

    AlpaServe puts them into separate buckets from the start, so that short requests do not wait
    behind long ones (Li et al., OSDI 2023, section 4.2). Here it takes a search out of placements
    that no change of single replicas improves. Sometimes the groups get other shapes of their
    sizes, and half of the times each takes what else fits of the other's models.
    """
    if groups.num_groups[0] < 2:
        return False
    first, second = draw_two(draws, groups.num_groups[0])
    one, other = groups.shape[first], groups.shape[second]
    if draw(draws) < RESHAPED:
        one = shape_of_size(options, draws, options.pool[one], options.num_devices[one])
        other = shape_of_size(options, draws, options.pool[other], options.num_devices[other])
        if one < 0 or other < 0:
            return False
    take(change, first)
    take(change, second)
    short = bring(options, change, one)
    long = bring(options, change, other)
    count = _list_both(options, groups, change, draws, first, second)
    _sort_by_slo(options, change, count)
    cut = draw_below(draws, count + 1)
    # Models of one objective stay together.
    while 0 < cut < count and _slo_s(options, change, cut - 1) == _slo_s(options, change, cut):
        cut -= 1
    hold_listed(options, change, short, 0, cut)
    hold_listed(options, change, long, cut, count)
    if draw(draws) < 0.5:
        shuffle(draws, change.order, 0, cut)
        shuffle(draws, change.order, cut, count)
        hold_listed(options, change, short, cut, count)
        hold_listed(options, change, long, 0, cut)
    return True


@called_by_kernels
def _list_both(
    options: Options, groups: Groups, change: Change, draws: Draws, first: int, second: int
) -> int:
    """Write the models of two groups into `Change.order`, in random order, and count them."""
    num_models, count = options.num_models, 0
    for model in range(num_models):
        if groups.held[first * num_models + model] or groups.held[second * num_models + model]:
            change.order[count] = model
            count += 1
    shuffle(draws, change.order, 0, count)
    return count


@in_kernel
def _slo_s(options: Options, change: Change, at: int) -> float:
    """Return the latency objective of a listed model."""
    return float(options.slo_s[change.order[at]])


@called_by_kernels
def _sort_by_slo(options: Options, change: Change, count: int) -> None:
    """Sort the listed models by their objectives, those of equal ones staying in order."""
    for last in range(1, count):
        model = change.order[last]
        at = last
        while at > 0 and _slo_s(options, change, at - 1) > options.slo_s[model]:
            change.order[at] = change.order[at - 1]
            at -= 1
        change.order[at] = model
