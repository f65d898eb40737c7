"""Simulations with batching in parts, which go on as if they had never been interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement
from alpaplan.simulator import Replay, Simulator
from alpaplan.specs.choices import Dispatch
from tests.simulator.batched_cases import (
    batched_cases,
    batched_fates,
    batches_of,
    growing,
    random_batched_case,
)
from tests.simulator.batching_oracle import Fate
from tests.simulator.cases import COMPILED, RULES, Case, make_case, one_server
from tests.simulator.test_group_state import assert_same_state, part, replay_in_parts


def fates_of_parts(parts: list[Replay]) -> list[Fate]:
    """Join the fates of parts: those that waited at a cut have what the later part says."""
    fates: list[Fate] = []
    for replay in parts:
        if replay.earlier is not None:
            for number, latency_s, size in zip(
                replay.earlier.number.tolist(),
                replay.earlier.latency_s.tolist(),
                replay.earlier.batch_size.tolist(),
                strict=True,
            ):
                fates[number] = (fates[number][0], latency_s, size)
        fates += batched_fates(replay)
    return fates


def assert_parts_are_the_whole(case: Case, cuts: list[int]) -> None:
    parts, whole = replay_in_parts(case, cuts), case.replay()
    assert fates_of_parts(parts) == batched_fates(whole)
    assert_same_state(parts[-1].state, whole.state)
    for field in vars(whole.state.waiting):
        np.testing.assert_array_equal(
            getattr(parts[-1].state.waiting, field), getattr(whole.state.waiting, field)
        )
    for field in vars(whole.evaluation):
        total = np.sum([getattr(replay.evaluation, field) for replay in parts], axis=0)
        np.testing.assert_allclose(
            total, getattr(whole.evaluation, field), rtol=1e-9, atol=1e-9, err_msg=field
        )


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@settings(
    max_examples=300 if COMPILED else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=batched_cases(), data=st.data())
def test_parts_are_the_whole(rule: Dispatch, case: Case, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, case.trace.num_requests), max_size=4))
    assert_parts_are_the_whole(case.ruled_by(rule), cuts)


@pytest.mark.parametrize("rule", RULES)
def test_bursts_may_be_cut(rule: Dispatch) -> None:
    count = 5_000 if COMPILED else 300
    case = random_batched_case(np.random.default_rng(7), count, stages=(1, 2, 5)).ruled_by(rule)
    cuts = list(range(0, count, count // 40))
    assert_parts_are_the_whole(case, cuts)
    assert any(len(replay.state.waiting) > 3 for replay in replay_in_parts(case, cuts))


@pytest.mark.parametrize("rule", RULES)
def test_a_state_says_what_waits(rule: Dispatch) -> None:
    case = growing(one_server([1.0], 9.0, [0.0, 0.25, 0.5]), cap=2, fixed_part=0.5).ruled_by(rule)
    replay = case.replay()
    assert replay.latency_s.tolist() == [1.0, 2.25, 2.0]
    state, waiting = replay.state, replay.state.waiting
    assert state.num_requests == 3
    assert state.stage_free_s.tolist() == [[1.0]]
    assert waiting.number.tolist() == [1, 2]
    assert waiting.arrival_s.tolist() == [0.25, 0.5]
    assert waiting.cap.tolist() == [2, 2]
    if state.unfinished_s is not None:
        assert state.unfinished_s[0].tolist() == [1.0]


def test_what_waits_turns_out_otherwise() -> None:
    # Until another one joins, the second expects to run alone.
    case = growing(one_server([1.0], 9.0, [0.0, 0.25, 0.5]), cap=2, fixed_part=0.5)
    first, second = replay_in_parts(case, [2])
    assert first.latency_s.tolist() == [1.0, 1.75]
    assert second.earlier is not None
    assert second.earlier.number.tolist() == [1]
    assert second.earlier.latency_s.tolist() == [2.25]
    assert second.earlier.batch_size.tolist() == [2]
    assert second.evaluation.attained.tolist() == [1]
    # One batch of 1.5 s in place of the one of 1 s that was expected.
    assert second.evaluation.group_busy_s.tolist() == [0.5]


@pytest.mark.parametrize("rule", RULES)
def test_a_replica_that_is_gone_works_off_what_waits(rule: Dispatch) -> None:
    # Model 0 runs from 0 to 1 and waits twice; then only model 1 stays.
    arrivals = [(0.0, 0), (0.25, 0), (0.25, 0), (0.5, 1), (0.5, 0)]
    case = make_case([[[1.0]]], [0], [[True, True]], [9.0, 9.0], arrivals, profile_of_model=[0, 0])
    case = growing(case, cap=2, fixed_part=0.5).ruled_by(rule)
    first = part(case, 0, 3).replay(case.placement)
    only = Placement(case.placement.shapes, np.array([[False, True]]))
    second = part(case, 3, 5).replay(only, first.state)
    assert second.earlier is not None
    assert second.earlier.latency_s.tolist() == [2.25, 2.25]
    assert second.latency_s.tolist()[:1] == [3.0]
    assert batched_fates(second)[1] == (None, None, 0)
    # A group that is gone runs as it was planned.
    gone = Placement(np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.bool_))
    after = part(case, 3, 5).replay(gone, first.state.for_groups([]))
    assert after.earlier is None


@pytest.mark.parametrize("rule", RULES)
def test_what_runs_alone_may_be_followed_by_batches(rule: Dispatch) -> None:
    arrivals = [(0.0, 0), (0.25, 0), (0.5, 1), (0.5, 1)]
    case = make_case(
        [[[1.0], [1.0]]], [0], [[True, False]], [9.0, 9.0], arrivals, profile_of_model=[0, 1]
    )
    batches = batches_of(case.problem, lambda shape, profile: [[1.5]] * profile)
    case = replace(case, problem=replace(case.problem, batches=batches)).ruled_by(rule)
    first = part(case, 0, 2).replay(case.placement)
    both = Placement(case.placement.shapes, np.array([[True, True]]))
    second = part(case, 2, 4).replay(both, first.state)
    assert second.latency_s.tolist() == [3.0, 3.0]
    whole = Simulator(case.problem, case.trace).replay(both)
    assert batched_fates(first) + batched_fates(second) == batched_fates(whole)


def test_a_state_with_requests_that_wait_must_fit() -> None:
    case = growing(one_server([1.0], 9.0, [0.0, 0.25, 0.5]), cap=2, fixed_part=0.5)
    state = case.replay().state
    capped = replace(case.placement, max_batch_size=np.array([[1]]))
    with pytest.raises(ValueError, match="must stay up to 2, found 1"):
        part(case, 3, 3).replay(capped, state)
    alone = replace(case, problem=replace(case.problem, batches=None))
    with pytest.raises(ValueError, match="can only go on with batching"):
        part(alone, 3, 3).replay(case.placement, state)
    tight = replace(case, problem=replace(case.problem, slo_s=np.array([1.0])))
    with pytest.raises(ValueError, match="cannot be in time"):
        part(tight, 3, 3).replay(case.placement, state)
