"""Caps on the batches of replicas: what they leave of memory, and what requests take under them.

A cap is the largest batch that a replica may form; ``int64[H, P]`` says it for each shape and
profile. Arrays that batch size 1 has in `alpaplan.problem.service` are here those of full batches:
what a group does that is kept busy. Without batching they are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.batching import BatchTable
from alpaplan.problem.memory_rule import (
    activation_bytes,
    cumulative_memory_bytes,
    usable_memory_bytes,
)
from alpaplan.problem.problem import PlacementProblem
from alpaplan.problem.service import mean_of_stages_s, time_for_stages_s

# Problems and placements.


def with_caps(problem: PlacementProblem, caps: NDArray[np.int64]) -> PlacementProblem:
    """Return the problem in which no replica forms batches larger than given caps.

    Parameters
    ----------
    problem
        The problem.
    caps : int64[H, P]
        At least 1; those above what is allowed anyway change nothing.
    """
    batches = problem.batches
    if batches is None:
        return problem
    largest = np.minimum(batches.largest, caps)
    runs = largest > 0
    activation_bytes = problem.stage_activation_bytes.copy()
    rows = (batches.first_row + largest - 1)[runs]
    activation_bytes[runs] = batches.stage_activation_bytes[rows]
    return replace(
        problem,
        batches=replace(batches, largest=largest) if largest.max(initial=0) > 1 else None,
        stage_activation_bytes=activation_bytes,
    )


def without_batching(problem: PlacementProblem) -> PlacementProblem:
    """Return the problem in which every request is served by itself."""
    return with_caps(problem, np.ones_like(problem.supported, dtype=np.int64))


def with_batch_table(problem: PlacementProblem) -> PlacementProblem:
    """Return the same problem with a table of batches, also where none has more than 1 request."""
    if problem.batches is not None:
        return problem
    num_stages = problem.stage_latency_s.shape[2]
    singles = BatchTable(
        largest=problem.supported.astype(np.int64),
        first_row=np.arange(problem.supported.size).reshape(problem.supported.shape),
        stage_latency_s=problem.stage_latency_s.reshape(-1, num_stages).copy(),
        stage_activation_bytes=problem.stage_activation_bytes.reshape(-1, num_stages).copy(),
    )
    return replace(problem, batches=singles)


def own_limits(
    problem: PlacementProblem, shapes: NDArray[np.int64], caps: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the limits that replicas need of their own to have given caps, ``int64[G, M]``.

    Parameters
    ----------
    problem
        The problem.
    shapes : int64[G]
        Shape of each group.
    caps : int64[G, M]
        Cap of each replica; 0 where there is none.

    Returns
    -------
    int64[G, M]
        0 where the cap is the one that the replica has anyway.
    """
    if problem.batches is None:
        return np.zeros_like(caps)
    largest = problem.batches.largest[shapes][:, problem.profile_of_model]
    return np.where(caps < largest, caps, 0)


# Memory.


def caps_with_room(
    problem: PlacementProblem,
    shape: int,
    models: NDArray[np.int64],
    caps: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return caps that the memory of a group suffices for: those that need most are lowered.

    Parameters
    ----------
    problem
        The problem, with batching.
    shape
        Index of the group's shape.
    models : int64[n]
        The models that it holds; single requests of all have room together.
    caps : int64[n]
        Wanted caps, at least 1.

    Returns
    -------
    int64[n]
        At least 1, and at most what the profiles allow.
    """
    batches = problem.batches
    if batches is None:
        return np.ones_like(caps)
    profiles = problem.profile_of_model[models]
    usable = usable_memory_bytes(problem, shape)
    caps = np.maximum(np.minimum(caps, batches.largest[shape, profiles]), 1)
    while (caps > 1).any():
        needed = cumulative_memory_bytes(problem, shape, profiles, caps)[-1]
        if (needed <= usable).all():
            break
        working = activation_bytes(problem, shape, profiles, caps)[:, int(needed.argmax())]
        most = working[caps > 1].max()
        caps = np.where((caps > 1) & (working == most), caps - 1, caps)
    return caps


# Times.


def full_batch_latency_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return the latency of a full batch alone on an idle group, ``float64[H, P]``.

    The request overhead is included.
    """
    return np.asarray(_full_batch_stages_s(problem).sum(axis=2)) + problem.request_overhead_s


def full_batch_slowest_stage_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long a full batch keeps a group from starting others, ``float64[H, P]``."""
    return np.asarray(_full_batch_stages_s(problem).max(axis=2))


def busy_slowest_stage_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long a request of a full batch keeps a group from starting others.

    That is its share of the batch's slowest stage, ``float64[H, P]``.
    """
    return full_batch_slowest_stage_s(problem) / _full_batch_size(problem)


def busy_mean_stage_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long a request of a full batch keeps a stage busy on average, ``float64[H, P]``.

    That is its share of the batch's stages.
    """
    mean_s = mean_of_stages_s(_full_batch_stages_s(problem), problem.num_stages)
    return mean_s / _full_batch_size(problem)


def with_cheapest_batches(problem: PlacementProblem) -> PlacementProblem:
    """Return a problem without batching in which as much can be attained as with it, or more.

    Each stage takes for a request the least share that one of a batch can have there, over all
    batches that meet the longest objective of their profile's models if they start at once. Let
    the requests of any batched schedule pass one by one, those of a batch behind each other: by
    induction over stages and batches, the i-th of n leaves a stage no later than i / n of the way
    through the time that its batch takes there, so that all finish no later than with their batch.
    """
    if problem.batches is None:
        return problem
    stages_s = problem.stage_latency_s.copy()
    for shape, profile, _, latency_s in batches_in_time(problem, longest=True):
        sizes = np.arange(1, len(latency_s) + 1)
        stages_s[shape, profile] = np.nanmin(latency_s / sizes[:, np.newaxis], axis=0)
    return replace(without_batching(problem), stage_latency_s=stages_s)


def batches_in_time(
    problem: PlacementProblem, *, longest: bool
) -> Iterator[tuple[int, int, float, NDArray[np.float64]]]:
    """Yield for shapes and profiles what batches take that meet an objective if they start at once.

    Parameters
    ----------
    problem
        The problem.
    longest
        Whether the objective is the longest of the profile's models, or the shortest of those
        that single requests meet.

    Yields
    ------
    shape, profile, time_for_stages_s
        Where single requests meet the objective, and what it leaves for the stages.
    float64[n, S]
        Stage latencies of batches of 1 to n requests; not a number where a batch is late.
    """
    batches = problem.batches
    if batches is None:
        return
    left_s = time_for_stages_s(problem)
    for shape, profile in np.argwhere(batches.largest > 0).tolist():
        first = int(batches.first_row[shape, profile])
        latency_s = batches.stage_latency_s[first : first + int(batches.largest[shape, profile])]
        of_size_s = latency_s.sum(axis=1)
        met_s = left_s[(problem.profile_of_model == profile) & (left_s >= of_size_s[0])]
        if met_s.size:
            objective_s = float(met_s.max() if longest else met_s.min())
            in_time = (of_size_s <= objective_s)[:, np.newaxis]
            yield shape, profile, objective_s, np.where(in_time, latency_s, np.nan)


def _full_batch_size(problem: PlacementProblem) -> NDArray[np.int64]:
    """Return the size of full batches, ``int64[H, P]``; 1 where nothing runs."""
    if problem.batches is None:
        return np.ones_like(problem.supported, dtype=np.int64)
    return np.maximum(problem.batches.largest, 1)


def _full_batch_stages_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return the stage latencies of full batches, ``float64[H, P, S]``."""
    batches = problem.batches
    if batches is None:
        return problem.stage_latency_s
    stages_s = problem.stage_latency_s.copy()
    runs = batches.largest > 0
    stages_s[runs] = batches.stage_latency_s[(batches.first_row + batches.largest - 1)[runs]]
    return stages_s
