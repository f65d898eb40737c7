"""Builds the groups that a change adds: `alpaplan.problem.memory.keep_what_fits`, compiled.

In a `Change`, added groups are numbered by *place*: 0 or 1.
"""

from __future__ import annotations

from alpaplan.search.kernels.arrays import COMING, GOING, Change, Draws, Groups, Options
from alpaplan.search.kernels.draw import draw_below, shuffle
from alpaplan.simulator.kernels.compiling import called_by_kernels, in_kernel


@in_kernel
def take(change: Change, group: int) -> None:
    """Remove a group of the placement."""
    change.removed[change.counts[GOING]] = group
    change.counts[GOING] += 1


@called_by_kernels
def bring(options: Options, change: Change, shape: int) -> int:
    """Add a group without replicas, and return its place."""
    place = int(change.counts[COMING])
    change.counts[COMING] += 1
    change.shape[place] = shape
    change.num_held[place] = 0
    num_models = options.num_models
    for model in range(num_models):
        change.held[place * num_models + model] = False
    for entry in range(3 * options.num_stages):
        change.bytes[place * 3 * options.num_stages + entry] = 0
    return place


@called_by_kernels
def hold(options: Options, change: Change, place: int, model: int) -> bool:
    """Put a replica on an added group if it can be served there and fits.

    Returns whether the group now holds it.
    """
    num_models, num_stages = options.num_models, options.num_stages
    shape, profile = change.shape[place], options.profile[model]
    if change.held[place * num_models + model]:
        return True
    if not options.servable[shape * num_models + model]:
        return False
    first = place * 3 * num_stages
    number = change.num_held[place] + 1
    if number == 1:
        change.first_profile[place] = profile
    elif options.is_llm[profile] != options.is_llm[change.first_profile[place]]:
        return False
    entry = (shape * options.num_profiles + profile) * num_stages
    for stage in range(num_stages):
        kept = change.bytes[first + stage] + options.kept_bytes[entry + stage]
        in_turn = max(
            change.bytes[first + num_stages + stage], options.in_turn_bytes[entry + stage]
        )
        cache = max(
            change.bytes[first + 2 * num_stages + stage], options.cache_bytes[entry + stage]
        )
        if kept + in_turn + number * cache > options.usable_bytes[shape]:
            return False
    for stage in range(num_stages):
        change.bytes[first + stage] += options.kept_bytes[entry + stage]
        at = first + num_stages + stage
        change.bytes[at] = max(change.bytes[at], options.in_turn_bytes[entry + stage])
        at += num_stages
        change.bytes[at] = max(change.bytes[at], options.cache_bytes[entry + stage])
    change.num_held[place] = number
    change.held[place * num_models + model] = True
    return True


@called_by_kernels
def hold_listed(options: Options, change: Change, place: int, first: int, end: int) -> None:
    """Put replicas of the models ``change.order[first:end]`` on an added group, as they fit."""
    for at in range(first, end):
        hold(options, change, place, change.order[at])


@called_by_kernels
def hold_listed_backwards(
    options: Options, change: Change, place: int, first: int, end: int
) -> None:
    """Do as `hold_listed`, from the last model to the first."""
    for at in range(end - 1, first - 1, -1):
        hold(options, change, place, change.order[at])


@called_by_kernels
def list_models(
    options: Options, groups: Groups, change: Change, draws: Draws, group: int, without: int
) -> int:
    """Write a group's models but `without` to `change.order`, shuffled, and return their number."""
    num_models = options.num_models
    count = 0
    for model in range(num_models):
        if groups.held[group * num_models + model] and model != without:
            change.order[count] = model
            count += 1
    shuffle(draws, change.order, 0, count)
    return count


@called_by_kernels
def keep_but(options: Options, groups: Groups, change: Change, group: int, model: int) -> None:
    """Add a copy of a group of the placement, without one model.

    The memory in use is not copied: do not call `hold` for this group.
    """
    num_models = options.num_models
    place = bring(options, change, groups.shape[group])
    for other in range(num_models):
        held = groups.held[group * num_models + other] and other != model
        change.held[place * num_models + other] = held
        change.num_held[place] += held


@called_by_kernels
def shape_of_size(options: Options, draws: Draws, pool: int, num_devices: int) -> int:
    """Choose a random shape of so many devices; -1 if the pool has none."""
    key = pool * (options.most_devices + 1) + num_devices
    if num_devices > options.most_devices:
        return -1
    first, end = options.first_of_size[key], options.first_of_size[key + 1]
    if first == end:
        return -1
    return int(options.of_size[first + draw_below(draws, end - first)])


@called_by_kernels
def size_to_part(options: Options, draws: Draws, pool: int, total: int, below: int) -> int:
    """Choose how many devices the first of two parts has, such that both sizes have shapes.

    Parameters
    ----------
    options, draws
        What there is to choose from.
    pool, total
        The pool, and the devices of both parts together.
    below
        The first part has fewer devices than this.

    Returns
    -------
    int
        The devices of the first part; 0 if no division has shapes for both.
    """
    count = 0
    for size in range(1, min(below, total)):
        count += _has_shapes(options, pool, size) and _has_shapes(options, pool, total - size)
    if count == 0:
        return 0
    chosen = draw_below(draws, count)
    for size in range(1, min(below, total)):
        if _has_shapes(options, pool, size) and _has_shapes(options, pool, total - size):
            if chosen == 0:
                return size
            chosen -= 1
    return 0


@in_kernel
def _has_shapes(options: Options, pool: int, num_devices: int) -> bool:
    if num_devices > options.most_devices:
        return False
    key = pool * (options.most_devices + 1) + num_devices
    return bool(options.first_of_size[key] < options.first_of_size[key + 1])
