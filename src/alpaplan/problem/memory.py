"""The one memory rule: weights of all replicas plus the largest activation, stage by stage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem


def stage_memory_bytes(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the memory that replicas take on each device of each stage of a group.

    Replicas of one group share its devices in time: their weights stay, and only one of
    them runs on a device at a time (DESIGN section 4).

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    profile_counts : int64[..., P]
        How many replicas of each profile the group holds.

    Returns
    -------
    int64[..., S]
        Bytes on each device of the stage; 0 beyond the shape's stages.
    """
    weights: NDArray[np.int64] = profile_counts @ problem.stage_weight_bytes[shape]
    present = profile_counts[..., :, np.newaxis] > 0
    activations: NDArray[np.int64] = np.max(
        np.where(present, problem.stage_activation_bytes[shape], 0), axis=-2, initial=0
    )
    return weights + activations


def fits(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a group can hold the replicas: memory on every stage, and all profiled for it.

    Parameters and shapes are those of `stage_memory_bytes`; the result is ``bool[...]``.
    """
    usable = problem.pools[problem.shapes[shape].pool].usable_memory_bytes
    enough = (stage_memory_bytes(problem, shape, profile_counts) <= usable).all(axis=-1)
    profiled = ((profile_counts == 0) | problem.supported[shape]).all(axis=-1)
    return np.asarray(enough & profiled)


def room_for_profiles(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether one more replica of each profile fits, ``bool[P]``, beside ``int64[P]`` others."""
    one_more = np.eye(profile_counts.size, dtype=np.int64)
    return fits(problem, shape, profile_counts + one_more)


def keep_what_fits(
    problem: PlacementProblem, shape: int, models: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the models that a group can hold if they are put on it one after another.

    A model for which there is no room is left out, and those behind it are still tried.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    models : int64[n]
        Each at most once, all profiled for the shape.

    Returns
    -------
    int64[k]
        A part of `models`, in the same order.
    """
    usable = problem.pools[problem.shapes[shape].pool].usable_memory_bytes
    profiles = problem.profile_of_model[models]
    weights = problem.stage_weight_bytes[shape, profiles]
    activations = problem.stage_activation_bytes[shape, profiles]
    left = np.arange(models.size)
    while True:
        # The rule of `stage_memory_bytes` for every prefix at once.
        needed = np.cumsum(weights[left], axis=0)
        needed += np.maximum.accumulate(activations[left], axis=0)
        too_much = (needed > usable).any(axis=1)
        if not too_much.any():
            return models[left]
        left = np.delete(left, int(too_much.argmax()))


def profile_counts(problem: PlacementProblem, replicas: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the replicas of each profile, ``bool[G, M]`` to ``int64[G, P]``."""
    counts = np.zeros((replicas.shape[0], len(problem.profile_names)), dtype=np.int64)
    groups, models = np.nonzero(replicas)
    np.add.at(counts, (groups, problem.profile_of_model[models]), 1)
    return counts


def placement_fits(problem: PlacementProblem, placement: Placement) -> bool:
    """Whether every group of a placement keeps the memory rule."""
    counts = profile_counts(problem, placement.replicas)
    return all(
        bool(fits(problem, int(shape), counts[group]))
        for group, shape in enumerate(placement.shapes)
    )


def memory_fill(problem: PlacementProblem, placement: Placement) -> NDArray[np.float64]:
    """Return the used part of the usable memory on each group's fullest stage, ``float64[G]``."""
    counts = profile_counts(problem, placement.replicas)
    return np.array(
        [
            stage_memory_bytes(problem, int(shape), counts[group]).max(initial=0)
            / problem.pools[problem.shapes[shape].pool].usable_memory_bytes
            for group, shape in enumerate(placement.shapes)
        ]
    )
