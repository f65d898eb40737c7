"""What serving takes: every formula of time and memory, each of them once.

Formulas are of one request, without batching: its arrays are those of batch size 1. Axes are
those of `alpaplan.problem.problem.PlacementProblem`: ``H`` group shapes, ``P`` profiles, ``S``
stages, ``M`` models; ``[:, problem.profile_of_model]`` turns a result by profile into one by
model. Where a shape does not run a profile, latencies and weights are 0: ask
`alpaplan.problem.feasibility` which of them count.

`alpaplan.problem.checker` does not use this module: it is there to find mistakes in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.engine_service import process_bytes
from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem
from alpaplan.specs.choices import Dispatch

# Times.


def served_stages_s(
    profiled_s: Sequence[float], inter_op: int, stage_overhead: float
) -> list[float]:
    """Return stage latencies as they are when served: with the cluster's stage overhead.

    Parameters
    ----------
    profiled_s
        What the profile says, for each of the `inter_op` stages.
    inter_op, stage_overhead
        Each latency is multiplied by ``1 + stage_overhead * inter_op``.
    """
    slowdown = 1 + stage_overhead * inter_op
    return [stage_s * slowdown for stage_s in profiled_s]


def simulated_stages_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return the stage latencies that a simulation adds up, ``float64[H, P, S]``."""
    return _as_simulated(problem, problem.stage_latency_s)


def simulated_batch_stages_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return the stage latencies of batches that a simulation adds up, ``float64[R, S]``.

    Rows are those of ``problem.batches``, which has to be there.
    """
    if problem.batches is None:
        raise ValueError("without batches there are no latencies of theirs")
    return _as_simulated(problem, problem.batches.stage_latency_s)


def _as_simulated(problem: PlacementProblem, latency_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round latencies as simulations have them.

    Under ``earliest-finish`` they are rounded to single precision (DESIGN section 4): AlpaServe's
    published simulator, whose rule this is, holds them so
    (approximate_one_case_one_placement in alpa_serve/simulator/controller.py,
    https://github.com/alpa-projects/mms). Over a long busy period the rounding adds up to more
    than 1e-6 of the mean latency, and outcomes are to agree with it.
    """
    if problem.dispatch is Dispatch.EARLIEST_FINISH:
        return latency_s.astype(np.float32).astype(np.float64)
    return latency_s


def batch_caps(problem: PlacementProblem, placement: Placement) -> NDArray[np.int64]:
    """Return the largest batch that each replica may form, ``int64[G, M]``; 0 where there is none.

    That is the replica's own limit if it has one, and at most ``largest`` of
    `alpaplan.problem.batching.BatchTable`.
    """
    profile = problem.profile_of_model
    caps: NDArray[np.int64] = np.ones(placement.replicas.shape, dtype=np.int64)
    if problem.batches is not None:
        caps = problem.batches.largest[placement.shapes][:, profile]
        if placement.max_batch_size is not None:
            caps = capped(caps, placement.max_batch_size)
    return np.where(placement.replicas, caps, 0)


def capped(largest: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the largest batches of replicas with limits of their own; 0 is none."""
    return np.where(own > 0, np.minimum(largest, own), largest)


def pipeline_latency_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long the stages of an idle group take for a request, ``float64[H, P]``."""
    return np.asarray(problem.stage_latency_s.sum(axis=2))


def idle_latency_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return the latency of a request alone on an idle group, ``float64[H, P]``.

    The request overhead is included; whether the group has room for a replica is not asked.
    """
    return pipeline_latency_s(problem) + problem.request_overhead_s


def slowest_stage_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long a request keeps a group from starting others, ``float64[H, P]``.

    A pipeline that is kept busy starts one request in each such time.
    """
    return np.asarray(problem.stage_latency_s.max(axis=2))


def mean_stage_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long a request keeps a stage busy on average, ``float64[H, P]``."""
    return mean_of_stages_s(problem.stage_latency_s, problem.num_stages)


def mean_of_stages_s(
    stages_s: NDArray[np.float64], num_stages: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean of each shape's stage latencies, ``float64[H, P]``.

    Parameters
    ----------
    stages_s : float64[H, P, S]
        Latencies; entries that are no stage of the shape are 0, be they behind or before it.
    num_stages : int64[H]
        Stages of each shape.
    """
    return np.asarray(stages_s.sum(axis=2) / num_stages[:, np.newaxis])


def device_seconds(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long a request keeps devices busy, summed over them, ``float64[H, P]``.

    All ``intra_op`` devices of a stage work as long as the stage does.
    """
    intra_op = np.array([shape.intra_op for shape in problem.shapes], dtype=np.float64)
    return pipeline_latency_s(problem) * intra_op[:, np.newaxis]


def time_for_stages_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return what objectives leave from arrival to the end of the last stage, ``float64[M]``."""
    return problem.slo_s - problem.request_overhead_s


def with_slack(problem: PlacementProblem, fraction: float, slack_s: float) -> PlacementProblem:
    """Return the problem with shorter stages and longer objectives.

    Parameters
    ----------
    problem
        The problem.
    fraction, slack_s
        Each latency and objective changes by this part of it, and by these seconds more; no
        latency falls below 0.
    """

    def shorter_s(latency_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(0.0, latency_s * (1 - fraction) - slack_s)

    batches = problem.batches
    if batches is not None:
        batches = replace(batches, stage_latency_s=shorter_s(batches.stage_latency_s))
    return replace(
        problem,
        stage_latency_s=shorter_s(problem.stage_latency_s),
        batches=batches,
        slo_s=problem.slo_s * (1 + fraction) + slack_s,
    )


# Memory.


def usable_memory_bytes(problem: PlacementProblem, shape: int) -> int:
    """Return what a device of the shape's groups has for weights and activations."""
    return problem.pool_of(shape).usable_memory_bytes


def usable_memory_of_pools(problem: PlacementProblem) -> list[int]:
    """Return what a device of each pool has for weights and activations."""
    return [pool.usable_memory_bytes for pool in problem.pools]


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
        As of `activation_bytes`.

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
