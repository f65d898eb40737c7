"""What replicas take of devices: every formula of memory, each of them once.

The sibling of `alpaplan.problem.service`; axes are those of the problem. Where a shape does not run
a profile, weights are 0: ask `alpaplan.problem.feasibility` which of them count.

`alpaplan.problem.checker` does not use this module: it is there to find mistakes in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.engine_service import process_bytes
from alpaplan.problem.problem import PlacementProblem
from alpaplan.problem.service import capped


def usable_memory_bytes(problem: PlacementProblem, shape: int) -> int:
    """Return what a device of the shape's groups has for weights and activations."""
    return problem.pool_of(shape).usable_memory_bytes


def usable_bytes_of_pools(problem: PlacementProblem) -> tuple[int, ...]:
    """Return what a device of each pool has for weights, working memory and KV caches."""
    return tuple(pool.usable_memory_bytes for pool in problem.pools)


def cluster_memory_bytes(problem: PlacementProblem) -> int:
    """Return the usable memory of all devices together."""
    return sum(pool.num_devices * pool.usable_memory_bytes for pool in problem.pools)


def stage_memory_bytes(
    problem: PlacementProblem, shape: int, profile_counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the memory that replicas take on each device of each stage: the one memory rule.

    Replicas of one group share its devices in time: the weights of all of them stay, and only
    one of them runs on a device at a time, so that the largest activation counts (DESIGN
    section 4): that of the largest batch it may have. Here no replica has a cap of its own.

    Where each is a process of its own, all that they hold stays; see `process_bytes`. Engines are
    always, and what they leave is for KV caches, in equal parts: it has to be as many times what
    the one of the largest needs for a request of its longest context as there are engines.

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
    kept, in_turn = kept_and_in_turn_bytes(problem, shape, np.arange(len(problem.profile_names)))
    present = profile_counts[..., :, np.newaxis] > 0
    needed: NDArray[np.int64] = profile_counts @ kept
    needed = needed + np.max(np.where(present, in_turn, 0), axis=-2, initial=0)
    if problem.engines is not None:
        caches = np.where(present, problem.engines.context_kv_bytes[shape], 0)
        number = profile_counts.sum(axis=-1)[..., np.newaxis]
        needed = needed + number * np.max(caches, axis=-2, initial=0)
    return needed


def kept_and_in_turn_bytes(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    own_caps: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what replicas hold all the time, and what only the one that runs needs.

    KV caches are in neither.

    Parameters
    ----------
    problem, shape, profiles, own_caps
        See `activation_bytes`.

    Returns
    -------
    int64[n, S], int64[n, S]
        Bytes on each device of each stage.
    """
    weights: NDArray[np.int64] = problem.stage_weight_bytes[shape, profiles]
    working = activation_bytes(problem, shape, profiles, own_caps)
    if problem.process_overhead_bytes == 0 and problem.engines is None:
        return weights, working
    is_process = np.full(profiles.size, problem.process_overhead_bytes > 0)
    if problem.engines is not None:
        is_process |= problem.engines.is_llm[profiles]
    kept = process_bytes(problem, shape, profiles, working)
    alone = is_process[:, np.newaxis]
    return np.where(alone, kept, weights), np.where(alone, 0, working)


def activation_bytes(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    own_caps: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return the working memory of replicas on each device of each stage, ``int64[n, S]``.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    profiles : int64[n]
        Profile of each replica.
    own_caps : int64[n], optional
        Largest batch of each, where it has a limit of its own, and 0 elsewhere.
    """
    default: NDArray[np.int64] = problem.stage_activation_bytes[shape, profiles]
    batches = problem.batches
    if batches is None or own_caps is None:
        return default
    caps = capped(batches.largest[shape, profiles], own_caps)
    rows = batches.first_row[shape, profiles] + np.maximum(1, caps) - 1
    limited = batches.stage_activation_bytes.take(rows, axis=0, mode="clip")
    # What has no batches has no rows either.
    return np.where(caps[:, np.newaxis] > 0, limited, default)


def cumulative_memory_bytes(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    own_caps: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return the memory of the first replica, of the first two, and so on, by the memory rule.

    It is `stage_memory_bytes` of them where none has a cap of its own.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    profiles, own_caps
        Of each replica, in the order in which they are added, as `activation_bytes` takes them.

    Returns
    -------
    int64[n, S]
        Bytes on each device of the stage.
    """
    kept, in_turn = kept_and_in_turn_bytes(problem, shape, profiles, own_caps)
    needed: NDArray[np.int64] = np.cumsum(kept, axis=0) + np.maximum.accumulate(in_turn, axis=0)
    if problem.engines is not None:
        caches = problem.engines.context_kv_bytes[shape, profiles]
        number = np.arange(1, profiles.size + 1)[:, np.newaxis]
        needed = needed + number * np.maximum.accumulate(caches, axis=0)
    return needed


def linear_memory_bytes(
    problem: PlacementProblem, shape: int, profiles: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the memory rule as sums of weights within limits, for linear programs.

    Some of the replicas fit together if, on every stage, their weights stay within the limit.
    That is what `stage_memory_bytes` says as long as the one of the largest activation, or of the
    largest KV cache of a context, is among them, and stricter otherwise. Models of both kinds do
    not share a group, whatever their sums.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    profiles : int64[n]
        Profile of each replica.

    Returns
    -------
    int64[n, S], int64[S]
        Weights of each replica, and the limit: what the largest activation leaves.
    """
    kept, in_turn = kept_and_in_turn_bytes(problem, shape, profiles)
    limits = usable_memory_bytes(problem, shape) - in_turn.max(axis=0, initial=0)
    if problem.engines is not None:
        caches = problem.engines.context_kv_bytes[shape, profiles].max(axis=0, initial=0)
        is_llm = problem.engines.is_llm[profiles]
        kept = kept + np.where(is_llm[:, np.newaxis], caches, 0)
    return kept, np.asarray(limits)


def replica_bytes(problem: PlacementProblem) -> NDArray[np.int64]:
    """Return what a replica needs at least on all its devices together, ``int64[H, P]``.

    That is its weights and, where it is a process of its own, what else it holds, with a KV cache
    for the longest context of an LLM.
    """
    profiles = np.arange(len(problem.profile_names))
    needed = np.zeros_like(problem.stage_weight_bytes)
    for shape in range(len(problem.shapes)):
        needed[shape] = kept_and_in_turn_bytes(problem, shape, profiles)[0]
    if problem.engines is not None:
        needed += problem.engines.context_kv_bytes
    intra_op = np.array([shape.intra_op for shape in problem.shapes], dtype=np.int64)
    return np.asarray(needed.sum(axis=2) * intra_op[:, np.newaxis])


def weight_bytes(problem: PlacementProblem) -> NDArray[np.int64]:
    """Return the weights of a replica on all its devices together, ``int64[H, P]``."""
    intra_op = np.array([shape.intra_op for shape in problem.shapes], dtype=np.int64)
    return np.asarray(problem.stage_weight_bytes.sum(axis=2) * intra_op[:, np.newaxis])


def share_of_group_memory(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return `replica_bytes` over the usable memory of the group's devices, ``float64[H, P]``."""
    shapes = enumerate(problem.shapes)
    usable = [usable_memory_bytes(problem, h) * shape.num_devices for h, shape in shapes]
    return np.asarray(replica_bytes(problem) / np.array(usable, dtype=np.float64)[:, np.newaxis])
