"""What must not change an outcome, and what must change it in a known way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.simulator.cases import COMPILED, RULES, Case, random_case

NUM_REQUESTS = 20_000 if COMPILED else 400


@pytest.fixture(params=RULES)
def case(request: pytest.FixtureRequest) -> Case:
    rule: Dispatch = request.param
    return random_case(np.random.default_rng(11), NUM_REQUESTS).ruled_by(rule)


def test_twice_all_times_is_twice_all_latencies(case: Case) -> None:
    problem, trace = case.problem, case.trace
    slower = replace(
        case,
        problem=replace(
            problem,
            slo_s=2 * problem.slo_s,
            stage_latency_s=2 * problem.stage_latency_s,
            request_overhead_s=2 * problem.request_overhead_s,
        ),
        trace=replace(trace, arrival_s=2 * trace.arrival_s),
    )
    before, after = case.replay(), slower.replay()
    np.testing.assert_array_equal(after.latency_s, 2 * before.latency_s)
    np.testing.assert_array_equal(after.group, before.group)
    np.testing.assert_array_equal(after.evaluation.attained, before.evaluation.attained)


def test_later_requests_change_nothing_before(case: Case) -> None:
    half = NUM_REQUESTS // 2
    trace = case.trace
    prefix = Trace(trace.arrival_s[:half], trace.model[:half], trace.model_names, 1.0)
    short, whole = replace(case, trace=prefix).replay(), case.replay()
    np.testing.assert_array_equal(short.latency_s, whole.latency_s[:half])
    np.testing.assert_array_equal(short.group, whole.group[:half])


def test_accepted_means_within_the_deadline(case: Case) -> None:
    replay = case.replay()
    accepted = ~np.isnan(replay.latency_s)
    assert 0 < accepted.sum() < NUM_REQUESTS
    objective_s = case.problem.slo_s[case.trace.model]
    assert (replay.latency_s[accepted] <= objective_s[accepted]).all()


def test_requests_go_only_where_their_model_is(case: Case) -> None:
    group, model = case.replay().group, case.trace.model
    placed = np.flatnonzero(case.placement.replicas.any(axis=0))
    np.testing.assert_array_equal(group >= 0, np.isin(model, placed))
    assert case.placement.replicas[group[group >= 0], model[group >= 0]].all()


def test_a_group_without_replicas_changes_nothing(case: Case) -> None:
    placement = case.placement
    empty_first = Placement(
        np.insert(placement.shapes, 0, 2), np.insert(placement.replicas, 0, False, axis=0)
    )
    before, after = case.replay(), replace(case, placement=empty_first).replay()
    np.testing.assert_array_equal(after.latency_s, before.latency_s)
    np.testing.assert_array_equal(after.group, np.where(before.group < 0, -1, before.group + 1))
    assert after.evaluation.group_requests[0] == 0
    assert after.evaluation.group_busy_s[0] == 0


def test_an_unrelated_model_on_its_own_group_changes_nothing(case: Case) -> None:
    # Model 0 has no replica: given a group of its own it is served, and others never notice.
    alone = np.zeros((1, case.problem.num_models), dtype=np.bool_)
    alone[0, 0] = True
    placement = Placement(
        np.append(case.placement.shapes, 0), np.concatenate([case.placement.replicas, alone])
    )
    before, after = case.replay(), replace(case, placement=placement).replay()
    others = case.trace.model != 0
    np.testing.assert_array_equal(after.latency_s[others], before.latency_s[others])
    assert before.evaluation.attained[0] == 0 < after.evaluation.attained[0]


def test_other_model_numbers_permute_the_outcome(case: Case) -> None:
    problem, trace = case.problem, case.trace
    order = np.random.default_rng(5).permutation(problem.num_models)
    names = tuple(problem.model_names[m] for m in order)
    renumbered = Case(
        replace(
            problem,
            model_names=names,
            profile_of_model=problem.profile_of_model[order],
            slo_s=problem.slo_s[order],
        ),
        Placement(case.placement.shapes, case.placement.replicas[:, order]),
        trace.for_models(names),
    )
    before, after = case.replay(), renumbered.replay()
    np.testing.assert_array_equal(after.latency_s, before.latency_s)
    np.testing.assert_array_equal(after.group, before.group)
    np.testing.assert_array_equal(after.evaluation.attained, before.evaluation.attained[order])


def test_a_later_start_changes_no_count(case: Case) -> None:
    # A power of two and coarse times, so that the shift rounds nothing away.
    coarse_s = np.round(case.trace.arrival_s * 1024) / 1024
    problem = replace(
        case.problem,
        stage_latency_s=np.round(case.problem.stage_latency_s * 1024) / 1024,
        request_overhead_s=0.0,
    )
    trace = replace(case.trace, arrival_s=coarse_s)
    early = replace(case, problem=problem, trace=trace)
    for shift_s in (-4096.0, 4096.0):
        late = replace(early, trace=replace(trace, arrival_s=coarse_s + shift_s))
        np.testing.assert_array_equal(late.replay().latency_s, early.replay().latency_s)
