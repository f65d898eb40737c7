"""LLM engines in schedules: placements change, and engines that are added have to load first.

Rules S1 to S11 are those of `design/SCHEDULE.md`, with engines for replicas: a removed engine
serves all requests that were sent to it, on the clocks of its group, and loads wait for that. As in
`engines`, a group runs only when necessary: when it is a candidate for a request, or when a load of
a candidate waits for its work. When placements change, all groups run.
"""

from __future__ import annotations

from alpaplan.simulator.kernels.compiling import in_kernel
from alpaplan.simulator.kernels.engine_arrays import (
    LATEST_NS,
    NEVER_NS,
    NONE,
    Engines,
    Groups,
    Outcome,
    Requests,
    Work,
)
from alpaplan.simulator.kernels.engine_queues import can_be_served, enqueue, forget_finished
from alpaplan.simulator.kernels.engine_schedule_arrays import EngineChanges, EngineLoads
from alpaplan.simulator.kernels.engines import begin_iteration, end_iteration


def scheduled_loop(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    changes: EngineChanges,
    loads: EngineLoads,
) -> None:
    """Send all requests at their times to engines that are ready, and serve them to the end."""
    num_models, num_requests = requests.max_context_tokens.size, requests.model.size
    request, placement = 0, 0
    while True:
        # After the last request all groups run until nothing is left to do.
        at_end = request == num_requests
        now_ns, first, end = NEVER_NS - 1, 0, groups.try_ns.size
        if not at_end:
            now_ns = requests.sent_ns[request]
        following = placement + 1
        is_change = following < changes.start_ns.size and changes.start_ns[following] <= now_ns
        if is_change:
            now_ns = changes.start_ns[following]
        of_all = is_change or at_end
        if not of_all:
            wanted = placement * num_models + requests.model[request]
            first = int(changes.listed.first_candidate[wanted])
            end = first
            if can_be_served(requests, request):
                end = int(changes.listed.first_candidate[wanted + 1])
        chosen = _run_to(
            requests, engines, groups, work, outcome, changes, loads, of_all, first, end, now_ns
        )
        if is_change:
            placement = following
            _change(requests, engines, outcome, changes, loads, placement)
        elif at_end:
            return
        else:
            if chosen != NONE:
                enqueue(requests, engines, groups, work, outcome, request, chosen, now_ns)
            request += 1


@in_kernel
def _run_to(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    changes: EngineChanges,
    loads: EngineLoads,
    of_all: bool,
    first: int,
    end: int,
    now_ns: int,
) -> int:
    """Run groups up to an instant: all of them, or those of candidates, of which one is chosen.

    Parameters
    ----------
    of_all
        Whether all groups run.
    first, end
        The groups, or the candidates for a request.

    Returns
    -------
    int
        The ready engine whose group has the fewest unfinished requests; `NONE` if none is ready, or
        if all groups run.
    """
    listed, delayed = changes.listed, requests.overhead_ns > 0
    chosen, fewest = NONE, NEVER_NS
    for index in range(first, end):
        engine, group = NONE, index
        if not of_all:
            engine = int(listed.candidate[index])
            group = int(engines.group[engine])
        # The group itself runs first, then those that its loads may have to wait for.
        earlier = int(listed.first_earlier[group])
        last = earlier
        if not of_all and loads.ready_ns[engine] == NEVER_NS:
            last = int(listed.first_earlier[group + 1])
        for at in range(earlier - 1, last):
            other = group if at < earlier else int(listed.earlier[at])
            _run(requests, engines, groups, work, outcome, loads, other, now_ns)
        if of_all or not _is_ready(engines, changes, loads, engine, now_ns):
            continue
        if delayed:
            forget_finished(groups, work, outcome, group, now_ns)
        if groups.num_unfinished[group] < fewest:
            chosen, fewest = engine, int(groups.num_unfinished[group])
    return chosen


@in_kernel
def _run(
    requests: Requests,
    engines: Engines,
    groups: Groups,
    work: Work,
    outcome: Outcome,
    loads: EngineLoads,
    group: int,
    now_ns: int,
) -> None:
    """Run a group as `engines.advance` does, and note when removed engines are done."""
    delayed = requests.overhead_ns > 0
    while True:
        end_ns, try_ns = groups.end_ns[group], groups.try_ns[group]
        if end_ns <= try_ns:
            if end_ns > now_ns:
                return
            end_iteration(requests, engines, groups, work, outcome, group, delayed)
            if loads.num_gone[group] > 0:
                _forget_gone(outcome, loads, group, end_ns)
        else:
            if try_ns >= now_ns:
                return
            begin_iteration(requests, engines, groups, work, outcome, group, now_ns)


@in_kernel
def _forget_gone(outcome: Outcome, loads: EngineLoads, group: int, end_ns: int) -> None:
    """Drop removed engines of a group that have served all requests."""
    first, left = loads.first_gone[group], 0
    for at in range(first, first + loads.num_gone[group]):
        engine = loads.gone[at]
        if outcome.served[engine] == outcome.sent[engine]:
            loads.free_ns[group] = max(loads.free_ns[group], end_ns)
        else:
            loads.gone[first + left] = engine
            left += 1
    loads.num_gone[group] = left


@in_kernel
def _is_ready(
    engines: Engines, changes: EngineChanges, loads: EngineLoads, engine: int, now_ns: int
) -> bool:
    """Whether an engine of the current placement is ready when a request arrives (S7)."""
    if loads.ready_ns[engine] == NEVER_NS:
        group = int(engines.group[engine])
        from_ns = _may_load_from(changes, loads, group)
        if from_ns <= now_ns:
            _load(engines, changes, loads, group, from_ns)
    return bool(loads.ready_ns[engine] <= now_ns)


@in_kernel
def _may_load_from(changes: EngineChanges, loads: EngineLoads, group: int) -> int:
    """Return from when on a group may load (S5); `NEVER_NS` if that is not known yet.

    The group, and those that had some of its devices before, have run to the present.
    """
    if loads.num_gone[group] > 0:
        return NEVER_NS
    from_ns = max(loads.told_ns[group], loads.others_ns[group], loads.free_ns[group])
    first = int(changes.listed.first_earlier[group])
    for index in range(first, int(changes.listed.first_earlier[group + 1])):
        other = int(changes.listed.earlier[index])
        if loads.num_gone[other] > 0:
            return NEVER_NS
        from_ns = max(from_ns, loads.free_ns[other])
    return int(from_ns)


@in_kernel
def _load(
    engines: Engines, changes: EngineChanges, loads: EngineLoads, group: int, from_ns: int
) -> None:
    """Load all engines that a group is to load (S6)."""
    stages = group * engines.most_stages
    for engine in range(loads.next_row[group], loads.end_row[group]):
        if loads.is_gone[engine]:
            continue
        ready_ns = from_ns
        for k in range(engines.num_stages[group]):
            free_ns = max(loads.stage_end_ns[stages + k], from_ns + changes.overhead_ns)
            end_ns = min(free_ns + changes.load_ns[engine * engines.most_stages + k], LATEST_NS)
            loads.stage_end_ns[stages + k] = end_ns
            ready_ns = max(ready_ns, end_ns)
        loads.ready_ns[engine] = ready_ns
    loads.next_row[group] = loads.end_row[group]


@in_kernel
def _change(
    requests: Requests,
    engines: Engines,
    outcome: Outcome,
    changes: EngineChanges,
    loads: EngineLoads,
    placement: int,
) -> None:
    """Change to a placement from the one before (S3, S4, S8); all groups have run up to then."""
    listed, at_ns = changes.listed, changes.start_ns[placement]
    num_models = requests.max_context_tokens.size
    first = int(listed.first_candidate[(placement - 1) * num_models])
    for index in range(first, int(listed.first_candidate[placement * num_models])):
        engine = int(listed.candidate[index])
        if loads.ready_ns[engine] == NEVER_NS:
            group = int(engines.group[engine])
            from_ns = _may_load_from(changes, loads, group)
            # Loads that may begin only with the change join those that it adds (S9).
            if from_ns < at_ns:
                _load(engines, changes, loads, group, from_ns)
    for index in range(
        int(listed.first_removed[placement]), int(listed.first_removed[placement + 1])
    ):
        engine = int(listed.removed[index])
        group = int(engines.group[engine])
        loads.is_gone[engine] = 1
        if outcome.served[engine] < outcome.sent[engine]:
            loads.gone[loads.first_gone[group] + loads.num_gone[group]] = engine
            loads.num_gone[group] += 1
    for index in range(int(listed.first_added[placement]), int(listed.first_added[placement + 1])):
        engine = int(listed.added[index])
        group = int(engines.group[engine])
        loads.end_row[group] = engine + 1
        loads.told_ns[group] = at_ns
