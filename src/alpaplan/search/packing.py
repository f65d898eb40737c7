"""Packs problems and placements for the compiled loops of local improvement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import memory_table
from alpaplan.problem.memory_rule import usable_memory_bytes
from alpaplan.search.kernels.arrays import MOST_GROUPS, Change, Draws, Groups, Options
from alpaplan.search.kernels.propose import DRAWS_OF_MODEL, OTHER_DRAWS
from alpaplan.simulator.kernels.compiling import as_input

MIN_DRAWS = 16_384
"""Fewest random numbers that are drawn at a time (a count; 4,000 to 100,000)."""


def pack_options(problem: PlacementProblem, shares: Sequence[float]) -> Options:
    """Return what changes may choose from.

    Parameters
    ----------
    problem
        The problem; memory is that for one request at a time.
    shares
        How often each kind of change is tried, by its number (fractions that add up to 1).
    """
    servable = servable_replicas(problem)
    pool = np.array([shape.pool for shape in problem.shapes], dtype=np.int64)
    num_devices = np.array([shape.num_devices for shape in problem.shapes], dtype=np.int64)
    most_devices = int(num_devices.max())
    useful = np.flatnonzero(servable.any(axis=1))
    key = pool[useful] * (most_devices + 1) + num_devices[useful]
    order = np.argsort(key, kind="stable")
    keys = np.arange(len(problem.pools) * (most_devices + 1) + 1)
    usable = [usable_memory_bytes(problem, shape) for shape in range(len(problem.shapes))]
    kept, in_turn, cache = memory_table(problem)
    is_llm = np.zeros(len(problem.profile_names), dtype=np.bool_)
    if problem.engines is not None:
        is_llm = problem.engines.is_llm
    return Options(
        num_models=problem.num_models,
        num_profiles=kept.shape[1],
        num_stages=kept.shape[2],
        profile=as_input(problem.profile_of_model, np.int64),
        slo_s=as_input(problem.slo_s, np.float64),
        servable=as_input(servable.ravel(), np.uint8),
        pool=as_input(pool, np.int64),
        num_devices=as_input(num_devices, np.int64),
        first_of_size=as_input(np.searchsorted(key[order], keys), np.int64),
        of_size=as_input(useful[order], np.int64),
        most_devices=most_devices,
        usable_bytes=as_input(np.array(usable), np.int64),
        kept_bytes=as_input(kept.ravel(), np.int64),
        in_turn_bytes=as_input(in_turn.ravel(), np.int64),
        cache_bytes=as_input(cache.ravel(), np.int64),
        is_llm=as_input(is_llm, np.uint8),
        share=as_input(np.cumsum(shares), np.float64),
    )


def allocate_groups(problem: PlacementProblem, placement: Placement) -> Groups:
    """Return a placement in arrays for as many groups as there are devices."""
    devices = sum(pool.num_devices for pool in problem.pools)
    most = max(devices, placement.num_groups) + MOST_GROUPS
    groups = Groups(
        num_groups=np.zeros(1, dtype=np.int64),
        shape=np.zeros(most, dtype=np.int64),
        held=np.zeros(most * problem.num_models, dtype=np.uint8),
    )
    pack_placement(placement, groups)
    return groups


def pack_placement(placement: Placement, groups: Groups) -> None:
    """Write a placement to `groups`."""
    groups.num_groups[0] = placement.num_groups
    groups.shape[: placement.num_groups] = placement.shapes
    groups.held[: placement.replicas.size] = placement.replicas.ravel()


def unpack_placement(groups: Groups, num_models: int) -> Placement:
    """Return the placement that is in `groups`."""
    count = int(groups.num_groups[0])
    held = groups.held[: count * num_models].reshape(count, num_models)
    return Placement(groups.shape[:count].copy(), held.astype(np.bool_))


def copy_groups(source: Groups, target: Groups, num_models: int) -> None:
    """Write the placement in `source` to `target`."""
    count = int(source.num_groups[0])
    target.num_groups[0] = count
    target.shape[:count] = source.shape[:count]
    target.held[: count * num_models] = source.held[: count * num_models]


def allocate_change(options: Options) -> Change:
    """Return arrays for a change."""
    num_models = options.num_models

    def zeros(count: int) -> NDArray[np.int64]:
        return np.zeros(count, dtype=np.int64)

    return Change(
        counts=zeros(3),
        removed=zeros(MOST_GROUPS),
        shape=zeros(MOST_GROUPS),
        held=np.zeros(MOST_GROUPS * num_models, dtype=np.uint8),
        bytes=zeros(MOST_GROUPS * 3 * options.num_stages),
        num_held=zeros(MOST_GROUPS),
        first_profile=zeros(MOST_GROUPS),
        order=zeros(MOST_GROUPS * num_models),
    )


def allocate_draws(num_models: int) -> Draws:
    """Return an array for random numbers, all of them used up; see `refill`."""
    count = max(MIN_DRAWS, 4 * _most_draws(num_models))
    return Draws(count, np.zeros(count), np.full(1, count, dtype=np.int64))


def refill(draws: Draws, rng: np.random.Generator, num_models: int) -> None:
    """Draw new numbers if those that are left may not suffice for a change."""
    if draws.used[0] >= draws.num_values - _most_draws(num_models):
        draws.value[:] = rng.random(draws.num_values)
        draws.used[0] = 0


def _most_draws(num_models: int) -> int:
    return DRAWS_OF_MODEL * num_models + OTHER_DRAWS
