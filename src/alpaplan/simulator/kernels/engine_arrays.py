"""Arrays of the loops of LLM engines: requests, a placement's engines, and their state.

Times are whole nanoseconds. An absent request or engine is `NONE`, a time that never comes
`NEVER_NS`.

Decoding requests that emit their tokens together form a *cohort*: each iteration in flight has one,
and so do the requests that are in none. A cohort counts its tokens in ticks, and each request knows
the tick of its last token, so that the cost of an iteration does not depend on its requests.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.compiling import Input

NONE = -1

NS_PER_S = 1e9

NEVER_NS = 2**63 - 1

LONG_AGO_NS = -(2**63)
"""Earlier than any time: when what has not begun did."""

NO_HEAD = 2**63 - 1
"""More tokens than any cache holds, as the prompt of a queue without requests."""

LATEST_NS = 2**62
"""Latest time (146 years), so that sums of times stay within 64 bits."""

REQUEST_BITS = 28
"""Bits for the request in an entry of a cohort; the other 36, one of them the sign, are the tick of
its last token. Simulating 2**35 iterations would take half an hour, 2**28 requests take minutes."""

MAX_REQUESTS = 2**REQUEST_BITS


class Requests(NamedTuple):
    """`N` requests for LLMs, in trace order, and when each is attained.

    Parameters
    ----------
    sent_ns : int64[N]
        When each arrives. In a closed loop, written for requests that clients send.
    model : int32[N]
        The model of each.
    input_tokens, output_tokens : int32[N]
        Tokens of its prompt and of its answer, at least 1.
    max_context_tokens : int64[M]
        Most tokens of prompt and answer together.
    ttft_ns, tpot_ns, slo_ns : int64[M]
        Objectives of each model; `NEVER_NS` where it has none.
    overhead_ns
        Added to the time of each request's first and last token.
    """

    sent_ns: NDArray[np.int64]
    model: Input[np.int32]
    input_tokens: Input[np.int32]
    output_tokens: Input[np.int32]
    max_context_tokens: Input[np.int64]
    ttft_ns: Input[np.int64]
    tpot_ns: Input[np.int64]
    slo_ns: Input[np.int64]
    overhead_ns: int


class Engines(NamedTuple):
    """The `R` engines of a placement on `G` groups, sorted by group, then in replica order.

    Parameters
    ----------
    first_of_group : int64[G + 1]
        First engine of each group, and `R`.
    group : int64[R]
        Group of each engine.
    first_of_model, of_model : int64[M + 1], int64[R]
        The engines of model m are ``of_model[first_of_model[m] : first_of_model[m + 1]]``, in
        plan order.
    kv_tokens : int64[R]
        KV tokens that each engine's cache holds.
    num_stages, slowdown : int64[G], float64[G]
        Stages of each group, and the factor on their times from the stage overhead.
    first_step, last_step : int64[R]
        First and last row of each engine's step table.
    step_tokens, step_s : int64[K], float64[K * most_stages]
        Tokens in an iteration, ascending in each table, and the time of each stage.
    kv_read_s, attention_s : float64[R * most_stages]
        Time of each stage to read a KV token, and for a pair of tokens of a prompt.
    most_stages
        Stages of every row in the arrays.
    max_num_batched_tokens, max_num_seqs
        Most tokens in an iteration, and most requests that run at a time.
    iteration_overhead_ns
        Added to the time of the first stage.
    """

    first_of_group: NDArray[np.int64]
    group: NDArray[np.int64]
    first_of_model: NDArray[np.int64]
    of_model: NDArray[np.int64]
    kv_tokens: NDArray[np.int64]
    num_stages: NDArray[np.int64]
    slowdown: NDArray[np.float64]
    first_step: NDArray[np.int64]
    last_step: NDArray[np.int64]
    step_tokens: Input[np.int64]
    step_s: Input[np.float64]
    kv_read_s: NDArray[np.float64]
    attention_s: NDArray[np.float64]
    most_stages: int
    max_num_batched_tokens: int
    max_num_seqs: int
    iteration_overhead_ns: int


class Groups(NamedTuple):
    """The state of `G` groups. Changed.

    Parameters
    ----------
    clock_ns, busy_ns : int64[G * most_stages], float64[G * most_stages]
        When each stage is free, and how long it has worked.
    try_ns : int64[G]
        When an engine may begin an iteration at the earliest.
    end_ns : int64[G]
        When the first of the iterations in flight ends.
    flight_end_ns, flight_engine, flight_cohort : int64[G * ring]
        Iterations in flight, which end in the order in which they began, in a ring for each group.
        The length `ring` is a power of two, and at least the most that can be in flight.
    num_ended, num_begun : int64[G]
        Iterations that have left and entered each ring.
    num_unfinished : int64[G]
        Requests of all models sent to the group and not finished.
    first_finished, last_finished : int64[G]
        Requests that have emitted their last token and may still count as unfinished, in the order
        of their finish, linked by `Work.next_request`.
    """

    clock_ns: NDArray[np.int64]
    busy_ns: NDArray[np.float64]
    try_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    flight_end_ns: NDArray[np.int64]
    flight_engine: NDArray[np.int64]
    flight_cohort: NDArray[np.int64]
    num_ended: NDArray[np.int64]
    num_begun: NDArray[np.int64]
    num_unfinished: NDArray[np.int64]
    first_finished: NDArray[np.int64]
    last_finished: NDArray[np.int64]


class Work(NamedTuple):
    """The state of `R` engines. Changed.

    Parameters
    ----------
    free_tokens, peak_tokens, num_running : int64[R]
        Free KV tokens, the most that were ever in use, and running requests.
    num_begun, num_ended, begun_ns : int64[R]
        Iterations that have begun and ended, and when the last one began.
    prompt, prompt_tokens, prompt_done, prompt_iteration : int64[R]
        The prompt that is being processed: its request, its tokens, those of them that have been
        put into iterations, and the number of the last such iteration.
    first_waiting, last_waiting : int64[R]
        Waiting requests that have never run, linked by `next_request`.
    returned, num_returned : int64[R * most_running], int64[R]
        Waiting requests that were preempted, in a heap; they come before the others.
    head_tokens : int64[R]
        Prompt tokens of the head of the waiting queue; `NO_HEAD` if it is empty.
    step_row : int64[R]
        Row of the step table that was last used.
    cohort : int64[R]
        Cohort of the decoding requests that are not in flight.
    spare, num_spare : int64[R * (most_stages + 1)], int64[R]
        Cohorts that are empty and not in use.
    members, num_members : int64[C * most_running], int64[C]
        Requests of each of the ``C = R * (most_stages + 1)`` cohorts, in a heap: the tick of the
        request's last token, and the request in the lowest `REQUEST_BITS`.
    tick, held_tokens : int64[C]
        Tokens that each cohort has emitted, and the KV tokens that it holds.
    next_request : int32[N]
        The next request in a waiting queue or, later, among the finished ones.
    num_emitted : int32[N]
        Tokens that each request had emitted when it was last preempted; 0 if it never was.
    completing : int64[most_running]
        Scratch space: requests whose last chunk is in the iteration that is being formed.
    most_running
        Most requests that run in an engine at a time, at least 1.
    """

    free_tokens: NDArray[np.int64]
    peak_tokens: NDArray[np.int64]
    num_running: NDArray[np.int64]
    num_begun: NDArray[np.int64]
    num_ended: NDArray[np.int64]
    begun_ns: NDArray[np.int64]
    prompt: NDArray[np.int64]
    prompt_tokens: NDArray[np.int64]
    prompt_done: NDArray[np.int64]
    prompt_iteration: NDArray[np.int64]
    first_waiting: NDArray[np.int64]
    last_waiting: NDArray[np.int64]
    returned: NDArray[np.int64]
    num_returned: NDArray[np.int64]
    head_tokens: NDArray[np.int64]
    step_row: NDArray[np.int64]
    cohort: NDArray[np.int64]
    spare: NDArray[np.int64]
    num_spare: NDArray[np.int64]
    members: NDArray[np.int64]
    num_members: NDArray[np.int64]
    tick: NDArray[np.int64]
    held_tokens: NDArray[np.int64]
    next_request: NDArray[np.int32]
    num_emitted: NDArray[np.int32]
    completing: NDArray[np.int64]
    most_running: int


class Outcome(NamedTuple):
    """Results of a simulation.

    Parameters
    ----------
    sent, served, attained, preemptions : int64[R]
        Added to: requests sent to each engine, those that it finished, those of them that were
        attained, and how often it preempted a request.
    latency_sum_ns : float64[R]
        Added to: latencies of attained requests.
    first_token_ns, finish_ns : int64[N]
        Written when a request emits its first token, and its last one.
    engine, in_time : int32[N], bool[N]
        Written when a request is sent, and when it is attained. Both are empty if only sums are
        wanted.
    """

    sent: NDArray[np.int64]
    served: NDArray[np.int64]
    attained: NDArray[np.int64]
    preemptions: NDArray[np.int64]
    latency_sum_ns: NDArray[np.float64]
    first_token_ns: NDArray[np.int64]
    finish_ns: NDArray[np.int64]
    engine: NDArray[np.int32]
    in_time: NDArray[np.bool_]
