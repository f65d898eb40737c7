"""A cluster on its way from one placement to another: what runs beside each other, and serves.

In between, groups of both placements run, and replicas of one model may have profiles that differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.engine_service import kv_share_bytes
from alpaplan.problem.engines import EngineTable
from alpaplan.problem.memory_rule import kept_and_in_turn_bytes
from alpaplan.problem.problem import PlacementProblem


class HeldBytes(NamedTuple):
    """What replicas hold on each device of each stage, ``int64[n, inter_op]`` each.

    A device needs what all that runs on it keeps, and the largest of what is needed in turn.

    Parameters
    ----------
    weights
        Weights alone: what is loaded.
    kept
        What is there all the time: weights, and of processes of their own what else they hold.
    in_turn
        Working memory of the one that runs.
    """

    weights: NDArray[np.int64]
    kept: NDArray[np.int64]
    in_turn: NDArray[np.int64]


def held_bytes(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    own_caps: NDArray[np.int64],
    kv_bytes: NDArray[np.int64] | None = None,
) -> HeldBytes:
    """Return what replicas of one group hold by the memory rule.

    Parameters
    ----------
    problem
        The problem, of the cluster whose rule counts.
    shape
        Index of the group's shape.
    profiles : int64[n]
        Profile of each replica.
    own_caps : int64[n]
        Largest batch of each, where it has a limit of its own, and 0 elsewhere.
    kv_bytes : int64[n, inter_op]
        Memory of the KV caches of engines; None for fixed-service models.
    """
    stages = slice(int(problem.num_stages[shape]))
    kept, in_turn = kept_and_in_turn_bytes(problem, shape, profiles, own_caps)
    kept, in_turn = kept[:, stages], in_turn[:, stages]
    weights = problem.stage_weight_bytes[shape, profiles][:, stages]
    return HeldBytes(weights, kept if kv_bytes is None else kept + kv_bytes, in_turn)


class KvCaches(NamedTuple):
    """The KV caches of a group's engines.

    Parameters
    ----------
    stage_bytes : int64[n, inter_op]
        Memory on each device of each stage.
    tokens : int64[n]
        KV tokens that they hold: the stage with the least room decides.
    """

    stage_bytes: NDArray[np.int64]
    tokens: NDArray[np.int64]


def kv_caches(
    problem: PlacementProblem,
    table: EngineTable,
    shape: int,
    profiles: NDArray[np.int64],
    kv_fraction: NDArray[np.float64],
) -> KvCaches:
    """Return the KV caches of the engines of a whole group, as it was planned.

    Parameters
    ----------
    problem, table
        The problem, of the cluster that the group was planned for, and what its engines take.
    shape
        Index of the group's shape.
    profiles : int64[n]
        Profile of each engine.
    kv_fraction : float64[n]
        Part of each; all 0 for equal parts.
    """
    share = kv_share_bytes(problem, shape, profiles, kv_fraction)
    per_token = table.stage_kv_bytes_per_token[shape, profiles, : share.shape[1]]
    return KvCaches(share, np.asarray((share // per_token).min(axis=1)))


def with_rows(
    problem: PlacementProblem,
    shapes: NDArray[np.int64],
    profiles: NDArray[np.int64],
) -> PlacementProblem:
    """Return a problem in which every group has a shape, and each model a profile, of its own.

    Parameters
    ----------
    problem
        Where what they cost is taken from.
    shapes : int64[G]
        Shape of each group.
    profiles : int64[G, M]
        Profile of each model's replica on each group.
    """
    rows = (shapes[:, np.newaxis], profiles)
    batches, engines = problem.batches, problem.engines
    if batches is not None:
        batches = replace(batches, largest=batches.largest[rows], first_row=batches.first_row[rows])
    if engines is not None:
        of_rows = (
            "first_step",
            "num_steps",
            "stage_kv_read_s",
            "stage_attention_s",
            "stage_kv_bytes_per_token",
            "stage_working_bytes",
            "context_kv_bytes",
            "shortest_ttft_s",
            "shortest_tpot_s",
        )
        engines = replace(
            engines,
            is_llm=problem.model_is_llm,
            slowdown=engines.slowdown[shapes],
            **{name: getattr(engines, name)[rows] for name in of_rows},
        )
        if not engines.is_llm.any():
            engines = None
    return replace(
        problem,
        profile_names=tuple(problem.profile_names[p] for p in problem.profile_of_model.tolist()),
        profile_of_model=np.arange(problem.num_models),
        shapes=tuple(problem.shapes[h] for h in shapes.tolist()),
        num_stages=problem.num_stages[shapes],
        supported=problem.supported[rows],
        stage_latency_s=problem.stage_latency_s[rows],
        stage_weight_bytes=problem.stage_weight_bytes[rows],
        stage_activation_bytes=problem.stage_activation_bytes[rows],
        batches=batches,
        engines=engines,
    )
