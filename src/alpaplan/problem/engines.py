"""LLM engines as arrays: what their iterations take on each group shape, and their limits.

An engine is an LLM's replica on a group: one process with its own KV cache and waiting queue. An
iteration is one pass of an engine through the stages: one token of each decoding request, and
chunks of prompts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EngineTable:
    """What engines take on every group shape, and what their requests are to attain.

    Axes are those of the problem. Entries of fixed-service models, of stages that a shape does not
    have and of profiles that it does not run are 0, or infinite for objectives.

    Rows ``first_step[h, p]`` to ``first_step[h, p] + num_steps[h, p] - 1`` are the step table of a
    profile on a shape, in order of tokens.

    Parameters
    ----------
    is_llm : bool[P]
        Whether the models of each profile are LLMs.
    max_context_tokens : int64[M]
        Most tokens of a request, input and output together.
    ttft_s, tpot_s, slo_s : float64[M]
        Objectives: from arrival to the first token, for each token after it, and from arrival to
        the last one. Infinite where there is none.
    mean_input_tokens, mean_output_tokens : float64[M]
        Lengths of an average request.
    first_step, num_steps : int64[H, P]
        Rows of the step table.
    step_tokens : int64[K]
        Tokens in an iteration.
    stage_step_s : float64[K, S]
        Seconds that each stage takes for them, without attention, KV reads and the stage overhead.
    stage_kv_read_s, stage_attention_s : float64[H, P, S]
        Seconds more for each KV token that decoding requests attend to, and for each pair of a
        prompt token and a token at or before it; without the stage overhead.
    stage_kv_bytes_per_token, stage_working_bytes : int64[H, P, S]
        On each device of each stage: what the cache needs for each token, and what an engine holds
        beside weights and cache.
    context_kv_bytes : int64[H, P, S]
        What the cache needs for one request of the longest context.
    shortest_ttft_s, shortest_tpot_s : float64[H, P]
        What a request of one input and two output tokens gets alone on an idle group, the request
        overhead not included.
    max_num_batched_tokens, max_num_seqs
        Most tokens in an iteration, and most requests that run at once.
    iteration_overhead_s
        What the first stage takes longer, whatever is in the iteration.
    slowdown : float64[H]
        ``1 + stage_overhead * inter_op``: what the times of stages are multiplied by.
    """

    is_llm: NDArray[np.bool_]
    max_context_tokens: NDArray[np.int64]
    ttft_s: NDArray[np.float64]
    tpot_s: NDArray[np.float64]
    slo_s: NDArray[np.float64]
    mean_input_tokens: NDArray[np.float64]
    mean_output_tokens: NDArray[np.float64]
    first_step: NDArray[np.int64]
    num_steps: NDArray[np.int64]
    step_tokens: NDArray[np.int64]
    stage_step_s: NDArray[np.float64]
    stage_kv_read_s: NDArray[np.float64]
    stage_attention_s: NDArray[np.float64]
    stage_kv_bytes_per_token: NDArray[np.int64]
    stage_working_bytes: NDArray[np.int64]
    context_kv_bytes: NDArray[np.int64]
    shortest_ttft_s: NDArray[np.float64]
    shortest_tpot_s: NDArray[np.float64]
    max_num_batched_tokens: int
    max_num_seqs: int
    iteration_overhead_s: float
    slowdown: NDArray[np.float64]

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
