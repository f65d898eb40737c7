"""Queues of an LLM engine: requests that wait, that decode in a cohort, or that have finished.

Rule numbers are those of `design/LLM.md`.
"""

from __future__ import annotations

import numpy as np

from alpaplan.simulator.kernels.compiling import in_kernel
from alpaplan.simulator.kernels.engine_arrays import (
    MAX_REQUESTS,
    NEVER_NS,
    NO_HEAD,
    NONE,
    REQUEST_BITS,
    Engines,
    Groups,
    Outcome,
    Requests,
    Work,
)
from alpaplan.simulator.kernels.heaps import pop, push, remove

_REQUEST = MAX_REQUESTS - 1


@in_kernel
def can_be_served(requests: Requests, request: int) -> bool:
    """Whether a request fits into the context of its model (rule 1)."""
    tokens = np.int64(requests.input_tokens[request]) + requests.output_tokens[request]
    return bool(tokens <= requests.max_context_tokens[requests.model[request]])


@in_kernel
def send(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    request: int,
    now_ns: int,
) -> None:
    """Send a request to the group with its model that has the fewest unfinished requests."""
    model = requests.model[request]
    chosen, fewest = NONE, NEVER_NS
    for index in range(engines.first_of_model[model], engines.first_of_model[model + 1]):
        engine = engines.of_model[index]
        count = groups.num_unfinished[engines.group[engine]]
        if count < fewest:
            chosen, fewest = engine, count
    enqueue(requests, engines, groups, work, outcome, request, chosen, now_ns)


@in_kernel
def enqueue(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    request: int,
    chosen: int,
    now_ns: int,
) -> None:
    """Put a request at the end of an engine's waiting queue."""
    group = engines.group[chosen]
    groups.num_unfinished[group] += 1
    groups.try_ns[group] = max(groups.clock_ns[group * engines.most_stages], now_ns)
    outcome.sent[chosen] += 1
    if outcome.engine.size > 0:
        outcome.engine[request] = chosen
    work.next_request[request] = NONE
    if work.first_waiting[chosen] == NONE:
        work.first_waiting[chosen] = request
        if work.num_returned[chosen] == 0:
            work.head_tokens[chosen] = requests.input_tokens[request]
    else:
        work.next_request[work.last_waiting[chosen]] = request
    work.last_waiting[chosen] = request


@in_kernel
def take_head(requests: Requests, work: Work, engine: int) -> int:
    """Remove the head of an engine's waiting queue and return it."""
    size = work.num_returned[engine]
    if size > 0:
        base = engine * work.most_running
        head = work.returned[base]
        pop(work.returned, base, size)
        work.num_returned[engine] = size - 1
    else:
        head = work.first_waiting[engine]
        work.first_waiting[engine] = work.next_request[head]
    _look_at_head(requests, work, engine)
    return int(head)


@in_kernel
def _look_at_head(requests: Requests, work: Work, engine: int) -> None:
    """Write the tokens of the waiting queue's head to `Work.head_tokens`."""
    head = work.first_waiting[engine]
    if work.num_returned[engine] > 0:
        head = work.returned[engine * work.most_running]
    if head == NONE:
        work.head_tokens[engine] = NO_HEAD
    else:
        tokens = np.int64(requests.input_tokens[head]) + work.num_emitted[head]
        work.head_tokens[engine] = tokens


@in_kernel
def make_room(requests: Requests, work: Work, engine: int) -> int:
    """Preempt until there is a free KV token for each decoding request not in flight (rule 3).

    Returns
    -------
    int
        How many requests were preempted.
    """
    cohort = work.cohort[engine]
    preempted = 0
    while work.free_tokens[engine] < work.num_members[cohort]:
        base, size = cohort * work.most_running, work.num_members[cohort]
        latest, place = NONE, NONE
        for at in range(size):
            request = work.members[base + at] & _REQUEST
            if request > latest:
                latest, place = request, at
        # A prompt is in flight until the iteration with its last chunk so far has ended.
        prompt = work.prompt[engine]
        if prompt > latest and work.prompt_iteration[engine] <= work.num_ended[engine]:
            latest = prompt
            work.free_tokens[engine] += work.prompt_tokens[engine]
            work.prompt[engine] = NONE
        else:
            left = (work.members[base + place] >> REQUEST_BITS) - work.tick[cohort]
            emitted = requests.output_tokens[latest] - left
            held = requests.input_tokens[latest] + emitted - 1
            remove(work.members, base, size, place)
            work.num_members[cohort] = size - 1
            work.held_tokens[cohort] -= held
            work.free_tokens[engine] += held
            work.num_emitted[latest] = emitted
        preempted += 1
        work.num_running[engine] -= 1
        returned = work.num_returned[engine]
        push(work.returned, engine * work.most_running, returned, latest)
        work.num_returned[engine] = returned + 1
    if preempted > 0:
        _look_at_head(requests, work, engine)
    return preempted


@in_kernel
def join_cohort(requests: Requests, work: Work, cohort: int, request: int) -> None:
    """Add a request whose prompt is complete to the cohort that emits its next token."""
    left = requests.output_tokens[request] - work.num_emitted[request]
    size = work.num_members[cohort]
    entry = ((work.tick[cohort] + left) << REQUEST_BITS) | request
    push(work.members, cohort * work.most_running, size, entry)
    work.num_members[cohort] = size + 1


@in_kernel
def land(engines: Engines, work: Work, engine: int, cohort: int) -> None:
    """Merge a cohort that was in flight with the one that was not: the smaller into the larger."""
    grounded = work.cohort[engine]
    if work.num_members[cohort] > work.num_members[grounded]:
        larger, smaller = cohort, grounded
    else:
        larger, smaller = grounded, cohort
    size = work.num_members[smaller]
    if size > 0:
        later = (work.tick[larger] - work.tick[smaller]) << REQUEST_BITS
        base, target = smaller * work.most_running, larger * work.most_running
        target_size = work.num_members[larger]
        for at in range(size):
            push(work.members, target, target_size + at, work.members[base + at] + later)
        work.num_members[larger] = target_size + size
        work.held_tokens[larger] += work.held_tokens[smaller]
        work.num_members[smaller] = 0
        work.held_tokens[smaller] = 0
    work.cohort[engine] = larger
    spare = work.num_spare[engine]
    work.spare[engine * (engines.most_stages + 1) + spare] = smaller
    work.num_spare[engine] = spare + 1


@in_kernel
def emit(
    requests: Requests,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    engine: int,
    group: int,
    cohort: int,
    end_ns: int,
    keep: bool,
) -> None:
    """Emit a token for each request of a cohort; for some it is the last, and they finish (rule 7).

    Parameters
    ----------
    keep
        Whether requests are listed among the finished ones of the group, as overhead delays their
        finish or clients wait for it. Otherwise they no longer count as unfinished at once.
    """
    tick = work.tick[cohort] + 1
    work.tick[cohort] = tick
    base, size = cohort * work.most_running, work.num_members[cohort]
    none_before = (tick + 1) << REQUEST_BITS
    while size > 0 and work.members[base] < none_before:
        request = work.members[base] & _REQUEST
        pop(work.members, base, size)
        size -= 1
        later = np.int64(requests.output_tokens[request]) - 1
        held = requests.input_tokens[request] + later
        work.held_tokens[cohort] -= held
        work.free_tokens[engine] += held
        work.num_running[engine] -= 1
        finish_ns = end_ns + requests.overhead_ns
        outcome.finish_ns[request] = finish_ns
        outcome.served[engine] += 1
        _judge(requests, outcome, engine, request, int(later))
        if not keep:
            groups.num_unfinished[group] -= 1
            continue
        work.next_request[request] = NONE
        if groups.first_finished[group] == NONE:
            groups.first_finished[group] = request
        else:
            work.next_request[groups.last_finished[group]] = request
        groups.last_finished[group] = request
    work.num_members[cohort] = size


@in_kernel
def _judge(requests: Requests, outcome: Outcome, engine: int, request: int, later: int) -> None:
    """Count a finished request if it is attained (rule 8); `later` tokens follow its first."""
    model = requests.model[request]
    sent_ns = requests.sent_ns[request]
    first_ns, finish_ns = outcome.first_token_ns[request], outcome.finish_ns[request]
    if first_ns - sent_ns > requests.ttft_ns[model] or finish_ns - sent_ns > requests.slo_ns[model]:
        return
    # The quotient, rounded up, exceeds the objective just if the time exceeds `later` times the
    # objective, a product that might not fit into 64 bits.
    if later > 0 and (finish_ns - first_ns + later - 1) // later > requests.tpot_ns[model]:
        return
    outcome.attained[engine] += 1
    outcome.latency_sum_ns[engine] += finish_ns - sent_ns
    if outcome.in_time.size > 0:
        outcome.in_time[request] = True


@in_kernel
def forget_finished(groups: Groups, work: Work, outcome: Outcome, group: int, now_ns: int) -> None:
    """Stop counting requests as unfinished whose finish is not later than now."""
    request = groups.first_finished[group]
    while request != NONE and outcome.finish_ns[request] <= now_ns:
        groups.num_unfinished[group] -= 1
        request = np.int64(work.next_request[request])
    groups.first_finished[group] = request
