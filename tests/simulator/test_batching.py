"""Batching: the kernels against the oracle, and what must or must not change an outcome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.simulator.batched_cases import (
    batched_cases,
    batched_fates,
    batches_of,
    growing,
    oracle_fates,
    random_batched_case,
)
from tests.simulator.cases import COMPILED, RULES, Case, make_case, one_server, random_case
from tests.simulator.strategies import cases
from tests.simulator.test_group_state import assert_same_state

NUM_REQUESTS = 20_000 if COMPILED else 300

many_examples = settings(
    max_examples=400 if COMPILED else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(params=RULES)
def case(request: pytest.FixtureRequest) -> Case:
    rule: Dispatch = request.param
    return random_batched_case(np.random.default_rng(11), NUM_REQUESTS).ruled_by(rule)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@many_examples
@given(case=batched_cases())
def test_every_request_has_the_oracles_fate(rule: Dispatch, case: Case) -> None:
    ruled = case.ruled_by(rule)
    assert batched_fates(ruled.replay()) == oracle_fates(ruled)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_bursts_on_mixed_groups_have_the_oracles_fates(rule: Dispatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_batched_case(rng, 300, stages=(1, 2, 5)).ruled_by(rule)
    replay = case.replay()
    assert batched_fates(replay) == oracle_fates(case)
    assert replay.batch_size is not None
    assert {0, 1, 2, 3} <= set(replay.batch_size.tolist())


def test_who_waits_runs_together() -> None:
    # The first runs alone; two of the three that then wait fit into one batch.
    case = one_server([1.0], 9.0, [0.0, 0.5, 0.5, 0.5])
    batches = batches_of(case.problem, lambda shape, profile: [[1.5]])
    replay = replace(case, problem=replace(case.problem, batches=batches)).replay()
    assert batched_fates(replay) == [(0, 1.0, 1), (0, 2.0, 2), (0, 2.0, 2), (0, 3.0, 1)]
    # In one second, one and a half, and one second.
    assert replay.evaluation.group_busy_s.tolist() == [3.5]


def test_who_arrives_at_the_start_of_a_batch_runs_with_it() -> None:
    case = growing(one_server([1.0], 9.0, [0.0, 0.0]), cap=2, fixed_part=0.5)
    assert batched_fates(case.replay()) == [(0, 1.5, 2), (0, 1.5, 2)]


def test_a_request_that_would_make_another_late_is_rejected() -> None:
    # Alone the second could wait for the first; together both take 3 s.
    case = one_server([2.0], 2.5, [0.0, 0.0])
    slow = batches_of(case.problem, lambda shape, profile: [[3.0]])
    replay = replace(case, problem=replace(case.problem, batches=slow)).replay()
    assert batched_fates(replay) == [(0, 2.0, 1), (0, None, 0)]


def test_a_larger_batch_may_hold_where_a_smaller_one_does_not() -> None:
    case = one_server([2.0], 2.5, [0.0, 0.0, 0.0])
    dip = batches_of(case.problem, lambda shape, profile: [[3.0], [2.25]])
    replay = replace(case, problem=replace(case.problem, batches=dip)).replay()
    assert replay.group.tolist() == [0, 0, 0]
    assert batched_fates(replay) == [(0, 2.0, 1), (0, None, 0), (0, None, 0)]
    busy = one_server([1.0], 4.5, [0.0, 0.5, 0.5, 0.5])
    dip = batches_of(busy.problem, lambda shape, profile: [[3.75], [1.25]])
    replay = replace(busy, problem=replace(busy.problem, batches=dip)).replay()
    assert batched_fates(replay) == [(0, 1.0, 1), *[(0, 1.75, 3)] * 3]


def test_accepted_means_attained(case: Case) -> None:
    replay = case.replay()
    accepted = ~np.isnan(replay.latency_s)
    assert 0 < accepted.sum() < NUM_REQUESTS
    objective_s = case.problem.slo_s[case.trace.model]
    assert (replay.latency_s[accepted] <= objective_s[accepted]).all()
    counts = replay.evaluation
    by_model = np.bincount(case.trace.model[accepted], minlength=case.problem.num_models)
    assert counts.attained.tolist() == by_model.tolist()
    assert replay.batch_size is not None
    np.testing.assert_array_equal(replay.batch_size > 0, accepted)


def test_what_is_attained_does_not_depend_on_what_follows(case: Case) -> None:
    whole = case.replay()
    for count in (1, NUM_REQUESTS // 3, NUM_REQUESTS // 2):
        prefix = replace(case, trace=case.trace.take(slice(count))).replay()
        np.testing.assert_array_equal(np.isnan(prefix.latency_s), np.isnan(whole.latency_s[:count]))
        np.testing.assert_array_equal(prefix.group, whole.group[:count])


def test_twice_all_times_changes_nothing(case: Case) -> None:
    problem = case.problem
    assert problem.batches is not None
    twice = replace(
        case,
        problem=replace(
            problem,
            slo_s=2 * problem.slo_s,
            stage_latency_s=2 * problem.stage_latency_s,
            batches=replace(problem.batches, stage_latency_s=2 * problem.batches.stage_latency_s),
            request_overhead_s=2 * problem.request_overhead_s,
        ),
        trace=replace(case.trace, arrival_s=2 * case.trace.arrival_s),
    )
    before, after = case.replay(), twice.replay()
    np.testing.assert_array_equal(after.latency_s, 2 * before.latency_s)
    np.testing.assert_array_equal(after.group, before.group)
    np.testing.assert_array_equal(after.batch_size, before.batch_size)


def test_counts_follow_from_the_fates(case: Case) -> None:
    replay = case.replay()
    evaluation = Simulator(case.problem, case.trace).evaluate(case.placement)
    for field in vars(evaluation):
        np.testing.assert_array_equal(
            getattr(evaluation, field), getattr(replay.evaluation, field), err_msg=field
        )
    attained = ~np.isnan(replay.latency_s)
    model, group = case.trace.model[attained], replay.group[attained]
    latency_s = np.bincount(model, replay.latency_s[attained], case.problem.num_models)
    np.testing.assert_allclose(evaluation.latency_sum_s, latency_s, rtol=1e-9)
    batches, sizes = case.problem.batches, replay.batch_size
    assert batches is not None
    assert sizes is not None
    shape = case.placement.shapes[group]
    row = batches.first_row[shape, case.problem.profile_of_model[model]] + sizes[attained] - 1
    # A batch counts once, so that each of its requests counts for its part of it.
    stages_s = batches.stage_latency_s[row].sum(axis=1) / sizes[attained]
    busy_s = stages_s / case.problem.num_stages[shape]
    by_group = np.bincount(group, busy_s, case.placement.num_groups)
    np.testing.assert_allclose(evaluation.group_busy_s, by_group, rtol=1e-5)


def with_idle_batches(case: Case) -> Case:
    """Add a model that could batch on every group, but has no requests; the others have cap 1."""
    problem, placement, trace = case.problem, case.placement, case.trace
    num_models = problem.num_models
    names = (*problem.model_names, "idle")
    longer_s = np.append(problem.stage_latency_s, problem.stage_latency_s[:, :1], axis=1)
    wider = replace(
        problem,
        model_names=names,
        profile_names=(*problem.profile_names, "idle"),
        profile_of_model=np.append(problem.profile_of_model, len(problem.profile_names)),
        slo_s=np.append(problem.slo_s, 1.0),
        model_weight=np.append(problem.model_weight, 1.0),
        supported=np.append(problem.supported, problem.supported[:, :1], axis=1),
        stage_latency_s=longer_s,
        stage_weight_bytes=np.zeros(longer_s.shape, dtype=np.int64),
        stage_activation_bytes=np.zeros(longer_s.shape, dtype=np.int64),
    )

    def sizes_of(shape: int, profile: int) -> list[list[float]]:
        idle = profile == len(problem.profile_names)
        return [[1.0] * int(problem.num_stages[shape])] if idle else []

    replicas = np.append(placement.replicas, np.ones((placement.num_groups, 1), np.bool_), axis=1)
    assert replicas.shape[1] == num_models + 1
    return Case(
        replace(wider, batches=batches_of(wider, sizes_of)),
        Placement(placement.shapes, replicas),
        replace(trace, model_names=names),
    )


def assert_same_as_without(case: Case) -> None:
    without, with_batches = case.replay(), with_idle_batches(case).replay()
    np.testing.assert_array_equal(with_batches.latency_s, without.latency_s)
    np.testing.assert_array_equal(with_batches.group, without.group)
    assert without.evaluation.iterations == with_batches.evaluation.iterations == 0
    for field in vars(without.evaluation).keys() - {"iterations"}:
        found = getattr(with_batches.evaluation, field)
        if not field.startswith("group"):
            found = found[:-1]
        expected = getattr(without.evaluation, field)
        np.testing.assert_array_equal(found, expected, err_msg=field)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@many_examples
@given(case=cases())
def test_caps_of_1_are_no_batching(rule: Dispatch, case: Case) -> None:
    """Stages that take no time are among these: what finishes where it starts has finished."""
    assert_same_as_without(case.ruled_by(rule))


@pytest.mark.parametrize("rule", RULES)
def test_caps_of_1_are_no_batching_in_bursts(rule: Dispatch) -> None:
    stages = (1, 2, 5, 16)
    case = random_case(np.random.default_rng(3), NUM_REQUESTS, stages=stages).ruled_by(rule)
    assert_same_as_without(case)


@pytest.mark.parametrize("rule", RULES)
def test_a_placement_of_caps_of_1_runs_alone(rule: Dispatch) -> None:
    alone = random_case(np.random.default_rng(4), 2_000 if COMPILED else 300).ruled_by(rule)
    ones = np.ones(alone.placement.replicas.shape, dtype=np.int64)
    capped = growing(alone, cap=4, fixed_part=0.5)
    capped = replace(capped, placement=replace(alone.placement, max_batch_size=ones))
    without, replay = alone.replay(), capped.replay()
    np.testing.assert_array_equal(replay.latency_s, without.latency_s)
    assert replay.batch_size is not None
    np.testing.assert_array_equal(replay.batch_size, ~np.isnan(without.latency_s))
    assert_same_state(replay.state, without.state)


@pytest.mark.parametrize("rule", RULES)
def test_batches_serve_more(rule: Dispatch) -> None:
    alone = random_case(np.random.default_rng(5), NUM_REQUESTS, load=1.6).ruled_by(rule)
    batched = growing(alone, cap=8, fixed_part=0.8)
    assert batched.replay().evaluation.slo_attainment > alone.replay().evaluation.slo_attainment


def test_many_requests_of_one_instant() -> None:
    count = 3_000 if COMPILED else 100
    for rule in RULES:
        case = growing(one_server([1e-12], 1e6, [1e6] * count), cap=7, fixed_part=0.5)
        replay = case.ruled_by(rule).replay()
        assert replay.evaluation.attained.tolist() == [count]
        assert replay.batch_size is not None
        assert np.bincount(replay.batch_size)[7] >= count - 7


def test_no_requests_no_groups() -> None:
    empty = growing(one_server([0.25], 1.0, []), cap=4, fixed_part=0.5).replay()
    assert empty.batch_size is not None
    assert empty.batch_size.size == 0
    nowhere = make_case([[[0.25]]], [], [], [1.0], [(0.0, 0), (1.0, 0)])
    replay = growing(nowhere, cap=4, fixed_part=0.5).replay()
    assert batched_fates(replay) == [(None, None, 0)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@many_examples
@given(case=batched_cases(), data=st.data())
def test_a_prefix_is_attained_alike(rule: Dispatch, case: Case, data: st.DataObject) -> None:
    ruled = case.ruled_by(rule)
    count = data.draw(st.integers(0, case.trace.num_requests))
    trace = case.trace
    prefix = Trace(trace.arrival_s[:count], trace.model[:count], trace.model_names, 1.0)
    short, whole = replace(ruled, trace=prefix).replay(), ruled.replay()
    np.testing.assert_array_equal(np.isnan(short.latency_s), np.isnan(whole.latency_s[:count]))
    np.testing.assert_array_equal(short.group, whole.group[:count])
