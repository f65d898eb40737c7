"""Clockwork++ as `design/CLOCKWORK.md` says, against a slow re-reading of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.schedules.clockwork import (
    SingleDevices,
    clockwork,
    hand_out,
    one_window_late,
    plan_window,
)
from alpaplan.search.schedules.windows import windows_of_arrivals
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make

GB = make.GB


def problem_of(num_models: int = 5, devices: int = 3, max_batch_size: int = 1) -> PlacementProblem:
    """Return models of 2 and 3 GB on single devices of 10 GB."""
    profiles = [
        make.profile("p", 0.1, 2 * GB, shapes=[(1, 1)]),
        make.profile("q", 0.2, 3 * GB, shapes=[(1, 1), (1, 2)]),
    ]
    models = [make.model(f"m{m}", "pq"[m % 2], slo_s=0.5) for m in range(num_models)]
    on = make.cluster(make.pool(devices_per_node=devices), max_batch_size=max_batch_size)
    return make.problem(models, profiles, on)


def trace_of(problem: PlacementProblem, seed: int, num_requests: int = 120) -> Trace:
    rng = np.random.default_rng(seed)
    times_s = np.cumsum(rng.gamma(0.2, 0.4, num_requests))
    model = rng.integers(0, problem.num_models, num_requests).astype(np.int32)
    return Trace(times_s, model, problem.model_names, float(times_s[-1]))


def test_windows_begin_with_arrivals_and_have_their_end_inside() -> None:
    times_s = np.array([1.0, 2.0, 11.0, 11.5, 40.0, 50.0, 50.1])
    trace = Trace(times_s, np.zeros(7, dtype=np.int32), ("m",), 50.0)
    starts_s = [float(times_s[rows.start]) for rows in windows_of_arrivals(trace, 10.0)]
    # 11 is in the window from 1 on, 50 in that from 40 on.
    assert starts_s == [1.0, 11.5, 40.0, 50.1]
    assert windows_of_arrivals(trace.take(slice(0, 0)), 10.0) == ()


def plan_by_hand(problem: PlacementProblem, trace: Trace, shapes: list[int]) -> list[list[int]]:
    """Follow the page's sentence on planning word by word."""
    weight = [int(w) for w in problem.stage_weight_bytes[shapes[0], problem.profile_of_model, 0]]
    lists: list[list[int]] = [[] for _ in shapes]
    while True:
        replicas = np.array([[m in own for m in range(problem.num_models)] for own in lists])
        found = Simulator(problem, trace).evaluate(Placement(np.array(shapes), replicas))
        groups = sorted(range(len(shapes)), key=lambda g: int(found.group_requests[g]))
        missed = found.requests - found.attained
        models = sorted(range(problem.num_models), key=lambda m: -int(missed[m]))
        pairs = (
            (group, model)
            for group in groups
            for model in models
            if model not in lists[group]
            and sum(weight[m] for m in [*lists[group], model]) <= 10 * GB
        )
        chosen = next(pairs, None)
        if chosen is None:
            return lists
        lists[chosen[0]].append(chosen[1])


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_a_window_is_planned_as_the_page_says(seed: int) -> None:
    problem = problem_of()
    shapes = SingleDevices.of(problem).shapes
    trace = trace_of(problem, seed)
    assert plan_window(problem, trace, shapes) == plan_by_hand(problem, trace, shapes.tolist())


def test_all_room_is_used_also_without_arrivals() -> None:
    problem = problem_of(num_models=4)
    shapes = SingleDevices.of(problem).shapes
    lists = plan_window(problem, trace_of(problem, 0, 1).take(slice(0, 0)), shapes)
    assert lists == [[0, 1, 2, 3]] * 3  # 2 + 3 + 2 + 3 GB


def test_lists_go_where_most_bytes_stay() -> None:
    problem = problem_of(num_models=6)  # 2 and 3 GB in turn
    shapes = SingleDevices.of(problem).shapes
    before = [[0], [1], [2, 3]]
    # 5 GB stay on the last device, then 3 on the second; the rest goes to what is left.
    assert hand_out(problem, shapes, [[3, 2], [5], [1, 0]], before) == [[5], [1, 0], [3, 2]]
    # Ties: the first device, then the first list.
    assert hand_out(problem, shapes, [[4], [5], [0, 2]], [[0], [2], [1]]) == [[0, 2], [4], [5]]


def test_a_schedule_has_each_device_under_one_name() -> None:
    problem = problem_of()
    trace = trace_of(problem, 1)
    schedule = clockwork(problem, trace, 2.0)
    windows = windows_of_arrivals(trace, 2.0)
    assert schedule.num_placements == len(windows) > 3
    assert schedule.start_s[0] == 0.0
    later = [float(trace.arrival_s[rows.start]) for rows in windows[1:]]
    assert schedule.start_s[1:].tolist() == later
    assert set(schedule.names) == {("g0", "g1", "g2")}
    assert schedule.devices[0] == tuple(frozenset({(0, 0, d)}) for d in range(3))
    late = one_window_late(schedule)
    assert late.placements[:2] == (schedule.placements[0],) * 2
    assert late.placements[2:] == schedule.placements[1:-1]


def test_batches_play_no_part_in_planning() -> None:
    alone, batched = problem_of(), problem_of(max_batch_size=4)
    trace = trace_of(alone, 2)
    shapes = SingleDevices.of(alone).shapes
    assert plan_window(batched, trace, shapes) == plan_window(alone, trace, shapes)


def test_devices_on_which_no_model_runs_alone_stay_empty() -> None:
    profiles = [make.profile("p", shapes=[(1, 2)])]
    problem = make.problem([make.model("m", "p")], profiles, make.cluster(make.pool()))
    assert SingleDevices.of(problem).devices == ()
