"""LLM engines in a closed loop: a request is sent when another one finishes (rule 9).

When requests are sent depends on all groups. So they run side by side, from one instant at which
something happens to the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.compiling import in_kernel
from alpaplan.simulator.kernels.engine_arrays import (
    NEVER_NS,
    NONE,
    Engines,
    Groups,
    Outcome,
    Requests,
    Work,
)
from alpaplan.simulator.kernels.engine_queues import can_be_served, forget_finished, send
from alpaplan.simulator.kernels.engines import advance


class Loop(NamedTuple):
    """Which requests are sent by clients that wait for others to finish.

    Parameters
    ----------
    is_closed : bool[M]
        Whether the model has such clients.
    num_due : int64[M]
        Requests of each model to send now; at the start, one for each of its clients. Changed.
    next_row : int64[M]
        The next request of each model with clients; `NONE` if there are no more. Changed.
    row_after : int64[N]
        The next request of the same model after each.
    """

    is_closed: NDArray[np.bool_]
    num_due: NDArray[np.int64]
    next_row: NDArray[np.int64]
    row_after: NDArray[np.int64]


def closed_loop(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    loop: Loop,
) -> None:
    """Send requests at their times or, if clients do, from time 0 on as others finish."""
    num_groups, num_requests = groups.try_ns.size, requests.model.size
    row, has_begun = _skip_closed(requests, loop, 0), False
    while True:
        now_ns = requests.sent_ns[row] if row < num_requests else NEVER_NS
        if not has_begun:
            now_ns = min(now_ns, 0)
        now_ns = min(now_ns, _next_of_all_ns(groups, outcome))
        if now_ns == NEVER_NS:
            break
        for group in range(num_groups):
            advance(requests, engines, groups, work, outcome, group, now_ns, True)
            _answer(requests, groups, work, outcome, loop, group, now_ns)
            forget_finished(groups, work, outcome, group, now_ns)
        has_begun = has_begun or now_ns >= 0
        while True:
            is_open = row < num_requests and requests.sent_ns[row] == now_ns
            request = row if is_open else NONE
            if has_begun:
                request = _first_due(loop, request)
            if request == NONE:
                break
            model = requests.model[request]
            if loop.is_closed[model]:
                requests.sent_ns[request] = now_ns
                loop.num_due[model] -= 1
                loop.next_row[model] = loop.row_after[request]
            else:
                row = _skip_closed(requests, loop, row + 1)
            has_group = engines.first_of_model[model] < engines.first_of_model[model + 1]
            if has_group and can_be_served(requests, request):
                send(requests, engines, groups, work, outcome, request, now_ns)
            else:
                loop.num_due[model] += 1


@in_kernel
def _skip_closed(requests: Requests, loop: Loop, row: int) -> int:
    """Return the first request from `row` on that is sent at its own time."""
    while row < requests.model.size and loop.is_closed[requests.model[row]]:
        row += 1
    return row


@in_kernel
def _answer(
    requests: Requests,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    loop: Loop,
    group: int,
    now_ns: int,
) -> None:
    """Make a request due for each one that has finished by now."""
    finished = groups.first_finished[group]
    while finished != NONE and outcome.finish_ns[finished] <= now_ns:
        loop.num_due[requests.model[finished]] += 1
        finished = np.int64(work.next_request[finished])


@in_kernel
def _next_of_all_ns(groups: Groups, outcome: Outcome) -> int:
    """Return the next instant at which something happens to any group."""
    next_ns = NEVER_NS
    for group in range(groups.try_ns.size):
        next_ns = min(next_ns, _next_ns(groups, outcome, group))
    return next_ns


@in_kernel
def _next_ns(groups: Groups, outcome: Outcome, group: int) -> int:
    """Return the next instant at which something happens to a group that others may notice."""
    next_ns = groups.end_ns[group]
    if groups.try_ns[group] < next_ns:
        # When an iteration that begins will end is not known before.
        next_ns = groups.try_ns[group] + 1
    finished = groups.first_finished[group]
    if finished != NONE:
        next_ns = min(next_ns, outcome.finish_ns[finished])
    return int(next_ns)


@in_kernel
def _first_due(loop: Loop, request: int) -> int:
    """Return the first in trace order of a request (or `NONE`) and the requests that are due."""
    for model in range(loop.num_due.size):
        row = loop.next_row[model]
        is_due = loop.is_closed[model] and loop.num_due[model] > 0 and row != NONE
        if is_due and (request == NONE or row < request):
            request = row
    return request
