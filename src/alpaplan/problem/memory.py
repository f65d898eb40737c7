"""What groups can hold by the memory rule of `alpaplan.problem.memory_rule`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.engine_service import kv_tokens, process_bytes, table_of
from alpaplan.problem.memory_rule import (
    cumulative_memory_bytes,
    kept_and_in_turn_bytes,
    stage_memory_bytes,
    usable_memory_bytes,
)
from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem


def fits(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a group can hold the replicas: memory on every stage, and all profiled for it.

    A group holds LLMs or fixed-service models, not both.

    Parameters and shapes are those of `stage_memory_bytes`; the result is ``bool[...]``.
    """
    needed = stage_memory_bytes(problem, shape, profile_counts)
    enough = (needed <= usable_memory_bytes(problem, shape)).all(axis=-1)
    profiled = ((profile_counts == 0) | problem.supported[shape]).all(axis=-1)
    found = enough & profiled
    if problem.engines is not None:
        is_llm = problem.engines.is_llm
        llms, others = ((profile_counts[..., kind] > 0).any(axis=-1) for kind in (is_llm, ~is_llm))
        found &= ~(llms & others)
    return np.asarray(found)


def room_for_profiles(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether one more replica of each profile fits, ``bool[P]``, beside ``int64[P]`` others."""
    one_more = np.eye(profile_counts.size, dtype=np.int64)
    return fits(problem, shape, profile_counts + one_more)


def keep_what_fits(
    problem: PlacementProblem,
    shape: int,
    models: NDArray[np.int64],
    own_caps: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return the models that a group can hold if they are put on it one after another.

    A model for which there is no room is left out, and those behind it are still tried. So is one
    of the other kind than the first that stays: LLMs and fixed-service models share no group.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    models : int64[n]
        Each at most once, all profiled for the shape.
    own_caps : int64[M], optional
        Largest batch of each model's replica, where it has a limit of its own; 0 elsewhere.

    Returns
    -------
    int64[k]
        A part of `models`, in the same order.
    """
    usable = usable_memory_bytes(problem, shape)
    while True:
        own = None if own_caps is None else own_caps[models]
        profiles = problem.profile_of_model[models]
        needed = cumulative_memory_bytes(problem, shape, profiles, own)
        too_much = (needed > usable).any(axis=1)
        if problem.engines is not None:
            is_llm = problem.engines.is_llm[profiles]
            too_much |= is_llm != is_llm[:1]
        if not too_much.any():
            return models
        models = np.delete(models, int(too_much.argmax()))


def memory_table(problem: PlacementProblem) -> NDArray[np.int64]:
    """Return what the memory rule adds up, ``int64[3, H, P, S]``; see `stage_memory_bytes`.

    That is what a replica holds on each device of a stage all the time, what it needs while it
    runs, and what its KV cache has at least.
    """
    num_shapes, num_profiles, num_stages = problem.stage_weight_bytes.shape
    table = np.zeros((3, num_shapes, num_profiles, num_stages), dtype=np.int64)
    for shape in range(num_shapes):
        both = kept_and_in_turn_bytes(problem, shape, np.arange(num_profiles))
        table[:2, shape] = both
    if problem.engines is not None:
        table[2] = problem.engines.context_kv_bytes
    return table


def placement_fits(problem: PlacementProblem, placement: Placement) -> bool:
    """Whether every group of a placement keeps the memory rule, and all its profiles list it."""
    profiled = problem.supported[placement.shapes][:, problem.profile_of_model]
    if (placement.replicas & ~profiled).any():
        return False
    if problem.engines is None:
        return all(needed <= usable for needed, usable in _bytes_of_groups(problem, placement))
    is_llm = problem.model_is_llm
    engines, others = placement.replicas & is_llm, placement.replicas & ~is_llm
    if (engines.any(axis=1) & others.any(axis=1)).any():
        return False
    tokens = kv_tokens(problem, placement)
    if (engines & (tokens < problem.engines.max_context_tokens)).any():
        return False
    rest = placement.take(np.flatnonzero(others.any(axis=1)))
    return all(needed <= usable for needed, usable in _bytes_of_groups(problem, rest))


def memory_fill(problem: PlacementProblem, placement: Placement) -> NDArray[np.float64]:
    """Return the needed part of the usable memory on each group's fullest stage, ``float64[G]``.

    Engines take all the rest for their KV caches.
    """
    return np.array([needed / usable for needed, usable in _bytes_of_groups(problem, placement)])


def _bytes_of_groups(problem: PlacementProblem, placement: Placement) -> Iterator[tuple[int, int]]:
    """Yield what a device of each group's fullest stage needs, and what it has."""
    own, fractions = placement.max_batch_size, placement.kv_fraction
    for group, shape in enumerate(placement.shapes.tolist()):
        models = np.flatnonzero(placement.replicas[group])
        profiles = problem.profile_of_model[models]
        if fractions is not None and fractions[group].any():
            needed = _with_fractions(problem, shape, profiles, fractions[group, models])
        else:
            caps = None if own is None else own[group, models]
            needed = cumulative_memory_bytes(problem, shape, profiles, caps)[-1:]
        yield int(needed.max(initial=0)), usable_memory_bytes(problem, shape)


def _with_fractions(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    kv_fraction: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the memory with which every engine's fraction holds its longest context.

    That is ``int64[S]``, bytes on each device of each stage.
    """
    caches = table_of(problem).context_kv_bytes[shape, profiles] / kv_fraction[:, np.newaxis]
    held = process_bytes(problem, shape, profiles).sum(axis=0)
    return np.asarray(held + np.ceil(caches.max(axis=0)).astype(np.int64))
