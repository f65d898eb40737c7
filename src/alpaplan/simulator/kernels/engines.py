"""LLM engines with continuous batching: requests join and leave between iterations.

Rule numbers are those of `design/LLM.md`. Groups influence each other only through the dispatch of
requests. So a group runs only when it is a candidate for a request, up to the time of that request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from alpaplan.simulator.kernels.compiling import in_kernel
from alpaplan.simulator.kernels.engine_arrays import (
    LATEST_NS,
    NEVER_NS,
    NONE,
    REQUEST_BITS,
    Engines,
    Groups,
    Outcome,
    Requests,
    Work,
)
from alpaplan.simulator.kernels.engine_queues import (
    can_be_served,
    emit,
    forget_finished,
    join_cohort,
    land,
    make_room,
    send,
    take_head,
)
from alpaplan.simulator.kernels.engine_steps import pass_stages, stage_ns, step_row, step_s

Kernel: TypeAlias = Callable[[Requests, Engines, Groups, Work, Outcome], None]


def open_loop(
    requests: Requests, engines: Engines, groups: Groups, work: Work, outcome: Outcome
) -> None:
    """Send all requests at their times, and serve them to the end."""
    num_groups, num_requests = groups.try_ns.size, requests.model.size
    delayed = requests.overhead_ns > 0
    for request in range(num_requests + 1):
        # After the last request all groups run until nothing is left to do.
        at_end = request == num_requests
        now_ns, first, end = NEVER_NS - 1, 0, num_groups
        if not at_end:
            if not can_be_served(requests, request):
                continue
            model = requests.model[request]
            now_ns = requests.sent_ns[request]
            first, end = engines.first_of_model[model], engines.first_of_model[model + 1]
        for index in range(first, end):
            group = index if at_end else engines.group[engines.of_model[index]]
            advance(requests, engines, groups, work, outcome, group, now_ns, delayed)
            if delayed:
                forget_finished(groups, work, outcome, group, now_ns)
        if first < end and not at_end:
            send(requests, engines, groups, work, outcome, request, now_ns)


@in_kernel
def advance(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    group: int,
    now_ns: int,
    keep: bool,
) -> None:
    """Run a group up to an instant: iterations that end then do so, but none begins then.

    Parameters
    ----------
    keep
        See `engine_queues.emit`.
    """
    while True:
        end_ns, try_ns = groups.end_ns[group], groups.try_ns[group]
        if end_ns <= try_ns:
            if end_ns > now_ns:
                return
            end_iteration(requests, engines, groups, work, outcome, group, keep)
        else:
            if try_ns >= now_ns:
                return
            begin_iteration(requests, engines, groups, work, outcome, group, now_ns)


@in_kernel
def end_iteration(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    group: int,
    keep: bool,
) -> None:
    """End the first of a group's iterations in flight (rule 7)."""
    ring = groups.flight_end_ns.size // groups.end_ns.size
    ended = groups.num_ended[group]
    at = group * ring + (ended & (ring - 1))
    end_ns, engine, cohort = (
        groups.end_ns[group],
        groups.flight_engine[at],
        groups.flight_cohort[at],
    )
    ended += 1
    groups.num_ended[group] = ended
    groups.end_ns[group] = NEVER_NS
    if ended < groups.num_begun[group]:
        groups.end_ns[group] = groups.flight_end_ns[group * ring + (ended & (ring - 1))]
    emit(requests, groups, work, outcome, engine, group, cohort, end_ns, keep)
    work.num_ended[engine] += 1
    if engines.num_stages[group] > 1:
        land(engines, work, engine, cohort)
    groups.try_ns[group] = max(groups.clock_ns[group * engines.most_stages], end_ns)


@in_kernel
def begin_iteration(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    group: int,
    until_ns: int,
) -> None:
    """Begin an iteration on a group whose first stage is free, if an engine is ready."""
    now_ns, num_stages = groups.try_ns[group], engines.num_stages[group]
    while True:
        engine, num_ready = _whose_turn(engines, work, group)
        if engine == NONE:
            groups.try_ns[group] = NEVER_NS
            return
        cohort = work.cohort[engine]
        preempted = make_room(requests, work, engine)
        outcome.preemptions[engine] += preempted
        decoding = work.num_members[cohort]
        work.free_tokens[engine] -= decoding
        work.held_tokens[cohort] += decoding
        held_tokens = work.held_tokens[cohort]
        chunk_tokens, pairs, num_completing = _put_prompts(
            requests, engines, work, engine, cohort, preempted == 0
        )
        tokens = decoding + chunk_tokens
        if tokens > 0:  # otherwise all were preempted, and the turn does not count
            break
    end_ns = pass_stages(engines, groups, work, engine, group, tokens, pairs, held_tokens, now_ns)
    work.num_begun[engine] += 1
    work.begun_ns[engine] = now_ns
    for at in range(num_completing):
        request = work.completing[at]
        if work.num_emitted[request] == 0:
            outcome.first_token_ns[request] = end_ns + requests.overhead_ns
    if tokens == decoding and num_ready == 1 and num_stages == 1 and preempted == 0:
        end_ns = _decode_on(engines, groups, work, engine, group, end_ns, until_ns)
    taken = engines.kv_tokens[engine] - work.free_tokens[engine]
    work.peak_tokens[engine] = max(work.peak_tokens[engine], taken)
    ring = groups.flight_end_ns.size // groups.end_ns.size
    begun = groups.num_begun[group]
    at = group * ring + (begun & (ring - 1))
    groups.flight_end_ns[at] = end_ns
    groups.flight_engine[at] = engine
    groups.flight_cohort[at] = cohort
    if begun == groups.num_ended[group]:
        groups.end_ns[group] = end_ns
    groups.num_begun[group] = begun + 1
    groups.try_ns[group] = groups.clock_ns[group * engines.most_stages]
    if num_stages > 1:
        spare = work.num_spare[engine] - 1
        work.cohort[engine] = work.spare[engine * (engines.most_stages + 1) + spare]
        work.num_spare[engine] = spare


@in_kernel
def _whose_turn(engines: Engines, work: Work, group: int) -> tuple[int, int]:
    """Return the ready engine whose last iteration began earliest, and how many are ready.

    Those that never began come first, in replica order (rule 2).
    """
    num_stages = engines.num_stages[group]
    turn, earliest_ns, num_ready = NONE, NEVER_NS, 0
    for engine in range(engines.first_of_group[group], engines.first_of_group[group + 1]):
        if work.num_begun[engine] - work.num_ended[engine] >= num_stages:
            continue
        if (
            work.num_members[work.cohort[engine]] > 0
            or work.prompt[engine] != NONE
            or _can_admit(engines, work, engine)
        ):
            num_ready += 1
            if work.begun_ns[engine] < earliest_ns:
                turn, earliest_ns = engine, work.begun_ns[engine]
    return turn, num_ready


@in_kernel
def _can_admit(engines: Engines, work: Work, engine: int) -> bool:
    """Whether the head of the waiting queue could be admitted, given some budget (rule 5)."""
    fits = work.head_tokens[engine] <= work.free_tokens[engine]
    return bool(fits and work.num_running[engine] < engines.max_num_seqs)


@in_kernel
def _put_prompts(
    requests: Requests, engines: Engines, work: Work, engine: int, cohort: int, admits: bool
) -> tuple[int, int, int]:
    """Add chunks of prompts to an iteration, after its decoding requests (rules 4 and 5).

    Requests whose last chunk is among them join the cohort, and are listed in `Work.completing`.

    Returns
    -------
    (int, int, int)
        Tokens of the chunks, pairs of such a token and a token at or before it, and the number of
        requests whose prompts are complete.
    """
    decoding = work.num_members[cohort]
    budget = engines.max_num_batched_tokens - decoding
    left, pairs, num_completing = budget, 0, 0
    while left > 0:
        request = work.prompt[engine]
        if request == NONE:
            if not (admits and _can_admit(engines, work, engine)):
                break
            work.prompt_tokens[engine] = work.head_tokens[engine]
            work.prompt_done[engine] = 0
            work.free_tokens[engine] -= work.head_tokens[engine]
            work.num_running[engine] += 1
            request = take_head(requests, work, engine)
            work.prompt[engine] = request
        done = work.prompt_done[engine]
        chunk = min(work.prompt_tokens[engine] - done, left)
        pairs += chunk * done + chunk * (chunk + 1) // 2
        left -= chunk
        done += chunk
        work.prompt_done[engine] = done
        work.prompt_iteration[engine] = work.num_begun[engine] + 1
        if done == work.prompt_tokens[engine]:
            join_cohort(requests, work, cohort, request)
            work.held_tokens[cohort] += done
            work.completing[num_completing] = request
            num_completing += 1
            work.prompt[engine] = NONE
    return budget - left, pairs, num_completing


@in_kernel
def _decode_on(
    engines: Engines,
    groups: Groups,
    work: Work,
    engine: int,
    group: int,
    end_ns: int,
    until_ns: int,
) -> int:
    """Run further iterations at once after one that only decodes, on a group of one stage.

    Until requests arrive, a request emits its last token, or KV tokens run out, each iteration is
    like the one before, except for the KV tokens that it reads.

    Returns
    -------
    int
        When the last of these iterations ends; it is still in flight.
    """
    cohort = work.cohort[engine]
    decoding, held_tokens = work.num_members[cohort], work.held_tokens[cohort]
    next_finish = work.members[cohort * work.most_running] >> REQUEST_BITS
    most = min(next_finish - work.tick[cohort] - 1, work.free_tokens[engine] // decoding)
    row = step_row(engines, work, engine, decoding)
    of_table_s = step_s(engines, engine, 0, row, decoding)
    first_end_ns, count = end_ns, 0
    while count < most and end_ns < until_ns:
        held_tokens += decoding
        time_ns = stage_ns(engines, engine, group, 0, of_table_s, 0, held_tokens)
        end_ns = min(end_ns + time_ns, LATEST_NS)
        count += 1
    clock = group * engines.most_stages
    groups.clock_ns[clock] = end_ns
    groups.busy_ns[clock] += end_ns - first_end_ns
    work.num_begun[engine] += count
    work.num_ended[engine] += count
    work.tick[cohort] += count
    work.held_tokens[cohort] = held_tokens
    work.free_tokens[engine] -= count * decoding
    return end_ns
