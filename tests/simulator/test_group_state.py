"""Simulations in parts: each goes on where the one before stopped, as if never interrupted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement
from alpaplan.simulator import GroupState, Replay, Simulator
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.simulator.cases import COMPILED, RULES, Case, one_server, random_case
from tests.simulator.strategies import cases


def part(case: Case, start: int, end: int) -> Simulator:
    trace = case.trace
    requests = Trace(
        trace.arrival_s[start:end], trace.model[start:end], trace.model_names, trace.duration_s
    )
    return Simulator(case.problem, requests)


def replay_in_parts(case: Case, cuts: Sequence[int]) -> list[Replay]:
    state = None
    replays = []
    for start, end in pairwise([0, *sorted(cuts), case.trace.num_requests]):
        replays.append(part(case, start, end).replay(case.placement, state))
        state = replays[-1].state
    return replays


def assert_same_state(left: GroupState, right: GroupState) -> None:
    assert left.time_s == right.time_s
    np.testing.assert_array_equal(left.stage_free_s, right.stage_free_s)
    assert unfinished(left) == unfinished(right)


def unfinished(state: GroupState) -> list[list[float]] | None:
    if state.unfinished_s is None:
        return None
    return [finish_s.tolist() for finish_s in state.unfinished_s]


def assert_same_fates(parts: Sequence[Replay], whole: Replay) -> None:
    latency_s = np.concatenate([replay.latency_s for replay in parts])
    np.testing.assert_array_equal(latency_s, whole.latency_s)
    np.testing.assert_array_equal(np.concatenate([replay.group for replay in parts]), whole.group)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@settings(
    max_examples=300 if COMPILED else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=cases(), data=st.data())
def test_parts_are_the_whole(rule: Dispatch, case: Case, data: st.DataObject) -> None:
    ruled = case.ruled_by(rule)
    cuts = data.draw(st.lists(st.integers(0, case.trace.num_requests), max_size=3))
    parts, whole = replay_in_parts(ruled, cuts), ruled.replay()
    assert_same_fates(parts, whole)
    assert_same_state(parts[-1].state, whole.state)
    for field in ("requests", "attained", "group_requests", "group_attained"):
        counts = [getattr(replay.evaluation, field) for replay in parts]
        np.testing.assert_array_equal(np.sum(counts, axis=0), getattr(whole.evaluation, field))


@pytest.mark.parametrize("rule", RULES)
def test_bursts_on_mixed_groups_may_be_cut(rule: Dispatch) -> None:
    count = 5_000 if COMPILED else 400
    case = random_case(np.random.default_rng(7), count, stages=(1, 2, 5, 16)).ruled_by(rule)
    cut = count // 3
    before, after = replay_in_parts(case, [cut])
    assert_same_fates([before, after], case.replay())
    busy = before.state.stage_free_s[:, -1] > case.trace.arrival_s[cut]
    assert busy.sum() > 1, "nothing is under way at the cut"
    alone = part(case, cut, count)
    assert (alone.replay(case.placement).latency_s[:50] != after.latency_s[:50]).any()
    counts = alone.evaluate(case.placement, before.state)
    np.testing.assert_array_equal(counts.attained, after.evaluation.attained)
    np.testing.assert_array_equal(counts.latency_sum_s, after.evaluation.latency_sum_s)


def test_a_state_is_not_changed_by_what_starts_from_it() -> None:
    for rule in RULES:
        case = random_case(np.random.default_rng(8), 400).ruled_by(rule)
        state = part(case, 0, 200).replay(case.placement).state
        rest = part(case, 200, 400)
        first, second = rest.replay(case.placement, state), rest.replay(case.placement, state)
        np.testing.assert_array_equal(first.latency_s, second.latency_s)
        assert_same_state(first.state, second.state)


def test_a_state_says_what_is_under_way() -> None:
    # Two stages; each request keeps the first 0.5 s and the second 1 s, then 0.25 s of overhead.
    case = one_server([0.5, 1.0], 9.0, [0.0, 0.0, 2.0], overhead_s=0.25)
    state = case.ruled_by(Dispatch.SHORTEST_QUEUE).replay().state
    assert state.time_s == 2.0
    assert state.stage_free_s.tolist() == [[2.5, 3.5]]
    assert unfinished(state) == [[2.75, 3.75]]
    state = case.ruled_by(Dispatch.EARLIEST_FINISH).replay().state
    assert state.stage_free_s.tolist() == [[2.5, 3.5]]
    assert state.unfinished_s is None


def test_what_finishes_at_the_cut_has_finished() -> None:
    case = one_server([0.5], 9.0, [0.0, 0.5]).ruled_by(Dispatch.SHORTEST_QUEUE)
    assert unfinished(case.replay().state) == [[1.0]]


@pytest.mark.parametrize("rule", RULES)
def test_nothing_under_way_is_the_same_as_no_state(rule: Dispatch) -> None:
    case = random_case(np.random.default_rng(9), 300).ruled_by(rule)
    idle = GroupState.idle(case.placement.num_groups)
    simulator = Simulator(case.problem, case.trace)
    plain, started = simulator.replay(case.placement), simulator.replay(case.placement, idle)
    np.testing.assert_array_equal(started.latency_s, plain.latency_s)
    assert_same_state(started.state, plain.state)


@pytest.mark.parametrize("rule", RULES)
def test_groups_go_on_in_another_placement(rule: Dispatch) -> None:
    """Groups in which nothing runs come and go, with more stages than the others have."""
    case = random_case(np.random.default_rng(10), 600, stages=(1, 4, 16)).ruled_by(rule)
    shapes, replicas = case.placement.shapes.copy(), case.placement.replicas
    shapes[shapes == 2] = 1
    narrow = replace(case, placement=Placement(shapes, replicas))
    empty_first = Placement(np.insert(shapes, 0, 2), np.insert(replicas, 0, False, axis=0))
    num_groups = shapes.size
    first = part(case, 0, 200).replay(narrow.placement)
    wider = first.state.for_groups([None, *range(num_groups)])
    second = part(case, 200, 400).replay(empty_first, wider)
    assert second.state.stage_free_s.shape == (num_groups + 1, 16)
    narrower = second.state.for_groups(range(1, num_groups + 1))
    third = part(case, 400, 600).replay(narrow.placement, narrower)
    moved = replace(second, group=np.where(second.group < 0, -1, second.group - 1).astype(np.int32))
    whole = narrow.replay()
    assert_same_fates([first, moved, third], whole)
    assert_same_state(third.state, whole.state)


def test_a_group_that_goes_on_elsewhere_keeps_its_queue() -> None:
    case = one_server([1.0], 9.0, [0.0, 0.0]).ruled_by(Dispatch.SHORTEST_QUEUE)
    state = case.replay().state.for_groups([None, 0])
    assert state.stage_free_s.tolist() == [[-math.inf], [2.0]]
    assert unfinished(state) == [[], [1.0, 2.0]]
    two = Placement(np.zeros(2, dtype=np.int64), np.ones((2, 1), dtype=np.bool_))
    later = one_server([1.0], 9.0, [0.5] * 4).ruled_by(Dispatch.SHORTEST_QUEUE)
    replay = Simulator(later.problem, later.trace).replay(two, state)
    assert replay.group.tolist() == [0, 0, 0, 1]
    assert replay.latency_s.tolist() == [1.0, 2.0, 3.0, 2.5]


@pytest.mark.parametrize("rule", RULES)
def test_groups_may_come_after_none(rule: Dispatch) -> None:
    case = one_server([1.0], 9.0, [1.0, 2.0]).ruled_by(rule)
    nothing = Placement(np.zeros(0, dtype=np.int64), np.zeros((0, 1), dtype=np.bool_))
    state = part(case, 0, 1).replay(nothing).state
    after = part(case, 1, 2).replay(case.placement, state.for_groups([None]))
    assert after.latency_s.tolist() == [1.0]


def test_a_state_must_fit() -> None:
    case = one_server([1.0], 9.0, [1.0, 2.0]).ruled_by(Dispatch.SHORTEST_QUEUE)
    simulator = Simulator(case.problem, case.trace)
    state = simulator.replay(case.placement).state
    with pytest.raises(ValueError, match=r"must not begin before the state's 2.0 s, found 1.0 s"):
        simulator.replay(case.placement, state)
    with pytest.raises(ValueError, match="must be of 1 groups, found 2"):
        simulator.evaluate(case.placement, GroupState.idle(2))
    uncounted = case.ruled_by(Dispatch.EARLIEST_FINISH).replay().state
    with pytest.raises(ValueError, match="without unfinished requests"):
        part(case, 2, 2).replay(case.placement, uncounted)
