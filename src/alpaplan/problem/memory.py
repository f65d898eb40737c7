"""What groups can hold by the memory rule of `alpaplan.problem.service`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem
from alpaplan.problem.service import (
    cumulative_memory_bytes,
    stage_memory_bytes,
    usable_memory_bytes,
)


def fits(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a group can hold the replicas: memory on every stage, and all profiled for it.

    Parameters and shapes are those of `stage_memory_bytes`; the result is ``bool[...]``.
    """
    needed = stage_memory_bytes(problem, shape, profile_counts)
    enough = (needed <= usable_memory_bytes(problem, shape)).all(axis=-1)
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
    usable = usable_memory_bytes(problem, shape)
    while True:
        needed = cumulative_memory_bytes(problem, shape, problem.profile_of_model[models])
        too_much = (needed > usable).any(axis=1)
        if not too_much.any():
            return models
        models = np.delete(models, int(too_much.argmax()))


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
            / usable_memory_bytes(problem, int(shape))
            for group, shape in enumerate(placement.shapes)
        ]
    )
