"""What serving takes: every formula of time, each of them once.

Formulas are of one request, without batching: its arrays are those of batch size 1. Axes are
those of `alpaplan.problem.problem.PlacementProblem`: ``H`` group shapes, ``P`` profiles, ``S``
stages, ``M`` models; ``[:, problem.profile_of_model]`` turns a result by profile into one by
model. Where a shape does not run a profile, latencies are 0: ask
`alpaplan.problem.feasibility` which of them count.

Its siblings are `alpaplan.problem.memory_rule` and, for LLMs, `alpaplan.problem.engine_service`.
`alpaplan.problem.checker` uses none of them: it is there to find mistakes in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem
from alpaplan.specs.choices import Dispatch


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
