"""What iterations of engines take, and what an average request of an LLM adds to them.

The sibling of `alpaplan.problem.service` for LLMs. Axes are those of the problem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.engines import EngineTable
from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem
from alpaplan.specs.lengths import MeanLengths

_GRID_STEPS = 48
"""Sizes of iterations that are tried for the offered work (a count; 16 to 200), in geometric
steps: 48 are at most 17% apart for 2,048 tokens, and the work per token is flat about its least."""


def step_s(
    engines: EngineTable, shape: int, profile: int, tokens: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what the step table says of iterations, ``float64[n, S]`` (rule 6 of LLM engines).

    It is linear between rows and, beyond the last one, on the line through the last two; up to the
    first row it is that row's. The stage overhead is not included.

    Parameters
    ----------
    engines
        The table.
    shape, profile
        Which of its parts; the shape has to run the profile.
    tokens : float64[n]
        Tokens in each iteration.
    """
    first = engines.first_step[shape, profile]
    rows = slice(first, first + engines.num_steps[shape, profile])
    at, stages_s = engines.step_tokens[rows], engines.stage_step_s[rows]
    if at.size == 1:
        return np.repeat(stages_s, tokens.size, axis=0)
    within = np.maximum(tokens, at[0])
    below = np.clip(np.searchsorted(at, within, side="right") - 1, 0, at.size - 2)
    share = (within - at[below]) / (at[below + 1] - at[below])
    return np.asarray(
        stages_s[below] + (stages_s[below + 1] - stages_s[below]) * share[:, np.newaxis]
    )


@dataclass(frozen=True)
class MeanRequest:
    """An average request, as what it brings to iterations.

    Parameters
    ----------
    tokens
        How many tokens of iterations are its own: the prompt, and all of the answer but the first
        token, which the prompt's last chunk emits.
    decoded
        Iterations in which it decodes: one for each token of the answer after the first.
    pairs
        Pairs of a prompt token and a token at or before it.
    kv_reads
        KV tokens that it attends to while it decodes, over all its iterations.
    held
        KV tokens that it holds on average while it decodes.
    """

    tokens: float
    decoded: float
    pairs: float
    kv_reads: float
    held: float

    @classmethod
    def of(cls, mean: MeanLengths) -> MeanRequest:
        """Return the request of mean lengths."""
        inputs, decoded = mean.input_tokens, max(0.0, mean.output_tokens - 1)
        held = inputs + (decoded + 1) / 2
        return cls(inputs + decoded, decoded, inputs * (inputs + 1) / 2, decoded * held, held)


def offered_work_s(
    engines: EngineTable,
    shape: int,
    profile: int,
    mean: MeanLengths,
    tpot_s: float,
    kv_tokens: int,
) -> NDArray[np.float64]:
    """Return how long an average request keeps each stage busy, ``float64[S]``.

    It is its part of typical iterations: as full as limits allow (tokens and requests of an
    iteration, the KV cache) while an iteration takes no longer than the objective for each token,
    the most economical of these; without any such, the smallest one. A stage is busy with a
    request for less in fuller iterations, since they share the weights that have to be read.

    Parameters
    ----------
    engines, shape, profile
        See `step_s`.
    mean
        Lengths of the average request.
    tpot_s
        Objective for each token after the first; infinite if there is none.
    kv_tokens
        KV tokens that there may be for the engine.
    """
    request = MeanRequest.of(mean)
    most = float(engines.max_num_batched_tokens)
    fewest = 1.0
    if request.decoded > 0:
        # Tokens in an iteration for each request that runs, its share of prompts included.
        of_each = request.tokens / request.decoded
        running = max(1.0, min(engines.max_num_seqs, kv_tokens / request.held))
        fewest = min(most, of_each)
        most = min(most, running * of_each)
    tokens = np.geomspace(fewest, max(fewest, most), _GRID_STEPS)
    part = (tokens / request.tokens)[:, np.newaxis]  # of a request, in each iteration
    stages_s = step_s(engines, shape, profile, tokens) + part * (
        engines.stage_attention_s[shape, profile] * request.pairs
        + engines.stage_kv_read_s[shape, profile] * request.kv_reads
    )
    stages_s = np.maximum(stages_s, 0.0) * engines.slowdown[shape]
    stages_s[:, 0] += engines.iteration_overhead_s
    work_s = stages_s / part
    in_time = stages_s.sum(axis=1) <= tpot_s
    if not in_time.any():
        return np.asarray(work_s[0])
    return np.asarray(work_s[in_time][work_s[in_time].sum(axis=1).argmin()])


def idle_objectives_s(
    engines: EngineTable, shape: int, profile: int, mean: MeanLengths
) -> tuple[float, float]:
    """Return the time to the first token and for each further one, alone on an idle group.

    The request overhead is not included.

    Parameters
    ----------
    engines, shape, profile
        See `step_s`.
    mean
        Lengths of the request.
    """
    inputs = mean.input_tokens
    budget = min(inputs, float(engines.max_num_batched_tokens))
    num_chunks = inputs / budget
    slowdown = engines.slowdown[shape]
    prompt, decode = step_s(engines, shape, profile, np.array([budget, 1.0]))
    attention = engines.stage_attention_s[shape, profile] * (inputs * (inputs + 1) / 2)
    # Chunks follow each other through the stages: the slowest one decides between two.
    chunk_s = (prompt + attention / num_chunks) * slowdown
    chunk_s[0] += engines.iteration_overhead_s
    held = MeanRequest.of(mean).held
    decode_s = (decode + engines.stage_kv_read_s[shape, profile] * held) * slowdown
    decode_s[0] += engines.iteration_overhead_s
    first_s = chunk_s.sum() + (num_chunks - 1) * chunk_s.max()
    return float(first_s), float(decode_s.sum())


def process_bytes(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    activations: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return what replicas hold that are processes of their own, without KV caches.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    profiles : int64[n]
        Profile of each replica.
    activations : int64[n, S]
        Working memory of fixed-service replicas; None for none.

    Returns
    -------
    int64[n, S]
        Weights, working memory and the overhead of a process, on each device of each stage.
    """
    held = problem.stage_weight_bytes[shape, profiles]
    if activations is not None:
        held = held + activations
    if problem.engines is not None:
        held = held + problem.engines.stage_working_bytes[shape, profiles]
    is_stage = np.arange(held.shape[1]) < problem.num_stages[shape]
    return np.asarray(held + problem.process_overhead_bytes * is_stage)


def most_kv_tokens(problem: PlacementProblem, shape: int, profile: int) -> int:
    """Return the KV tokens of an engine that has a group for itself; below 1 if there are none."""
    free = _free_bytes(problem, shape, np.array([profile]))
    per_token = table_of(problem).stage_kv_bytes_per_token[shape, profile, : free.size]
    return int((free // per_token).min())


def kv_tokens(problem: PlacementProblem, placement: Placement) -> NDArray[np.int64]:
    """Return the KV tokens that each engine's cache holds, ``int64[G, M]``.

    On each stage engines share what their processes leave of the usable memory: each has its
    ``kv_fraction`` of it, rounded down to bytes, or all have equal parts. The stage with the least
    room decides, as every token is held on every stage. 0 where there is no engine; a
    cache that does not fit has 0 tokens too. A placement may say what caches hold by itself.
    """
    if placement.kv_tokens is not None:
        return placement.kv_tokens
    tokens = np.zeros(placement.replicas.shape, dtype=np.int64)
    engines = problem.engines
    if engines is None:
        return tokens
    is_llm = problem.model_is_llm
    for group, shape in enumerate(placement.shapes.tolist()):
        models = np.flatnonzero(placement.replicas[group] & is_llm)
        if models.size:
            own = None if placement.kv_fraction is None else placement.kv_fraction[group, models]
            profiles = problem.profile_of_model[models]
            tokens[group, models] = _group_kv_tokens(problem, shape, profiles, own)
    return tokens


def _group_kv_tokens(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    kv_fraction: NDArray[np.float64] | None,
) -> NDArray[np.int64]:
    """Return the KV tokens of all engines of a group, ``int64[n]``; see `kv_share_bytes`."""
    share = kv_share_bytes(problem, shape, profiles, kv_fraction)
    per_token = table_of(problem).stage_kv_bytes_per_token[shape, profiles, : share.shape[1]]
    return np.asarray((share // per_token).min(axis=1))


def kv_share_bytes(
    problem: PlacementProblem,
    shape: int,
    profiles: NDArray[np.int64],
    kv_fraction: NDArray[np.float64] | None,
) -> NDArray[np.int64]:
    """Return the memory that all engines of a group have for their KV caches.

    Parameters
    ----------
    problem
        The problem.
    shape
        Index of the group's shape.
    profiles : int64[n]
        Profile of each engine.
    kv_fraction : float64[n]
        Part of each; all 0, or None, for equal parts.

    Returns
    -------
    int64[n, inter_op]
        Bytes on each device of each stage of the shape.
    """
    free = np.maximum(_free_bytes(problem, shape, profiles), 0)
    if kv_fraction is None or not kv_fraction.any():
        return np.broadcast_to(free // profiles.size, (profiles.size, free.size))
    return np.asarray(np.floor(kv_fraction[:, np.newaxis] * free).astype(np.int64))


def _free_bytes(
    problem: PlacementProblem, shape: int, profiles: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return what processes leave of the usable memory, ``int64[inter_op]``; may be below 0."""
    stages = slice(int(problem.num_stages[shape]))
    held = process_bytes(problem, shape, profiles)[:, stages].sum(axis=0)
    return np.asarray(problem.pool_of(shape).usable_memory_bytes - held)


def table_of(problem: PlacementProblem) -> EngineTable:
    """Return what engines take, for what concerns LLMs alone.

    Raises
    ------
    ValueError
        If there are no LLMs.
    """
    if problem.engines is None:
        raise ValueError("without LLMs there are no engines")
    return problem.engines
