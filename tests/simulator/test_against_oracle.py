"""The kernels against the event-driven oracle, on problems full of ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Dispatch
from tests.simulator.cases import COMPILED, RULES, Case, fates, random_case
from tests.simulator.strategies import cases


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@settings(
    max_examples=400 if COMPILED else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=cases())
def test_every_request_has_the_oracles_fate(rule: Dispatch, case: Case) -> None:
    ruled = case.ruled_by(rule)
    assert fates(ruled.replay()) == ruled.fates()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_bursts_on_mixed_groups_have_the_oracles_fates(rule: Dispatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng, 400, stages=(1, 2, 5, 16)).ruled_by(rule)
    replay = case.replay()
    assert fates(replay) == case.fates()
    assert 0 < replay.evaluation.slo_attainment < 1


@pytest.mark.parametrize("rule", RULES)
def test_counts_follow_from_the_fates(rule: Dispatch) -> None:
    case = random_case(np.random.default_rng(3), 3000 if COMPILED else 500).ruled_by(rule)
    replay = case.replay()
    evaluation = Simulator(case.problem, case.trace).evaluate(case.placement)
    attained = ~np.isnan(replay.latency_s)
    model, group = case.trace.model, replay.group
    num_models, num_groups = case.problem.num_models, case.placement.num_groups
    assert evaluation.requests.tolist() == np.bincount(model, minlength=num_models).tolist()
    assert evaluation.attained.tolist() == np.bincount(model[attained], None, num_models).tolist()
    sent = np.bincount(group[group >= 0], None, num_groups)
    assert evaluation.group_requests.tolist() == sent.tolist()
    accepted = np.bincount(group[attained], None, num_groups)
    assert evaluation.group_attained.tolist() == accepted.tolist()
    latency_s = np.bincount(model[attained], replay.latency_s[attained], num_models)
    np.testing.assert_allclose(evaluation.latency_sum_s, latency_s, rtol=1e-12)
    stage_mean_s = case.problem.stage_latency_s.sum(axis=2) / case.problem.num_stages[:, None]
    busy_s = stage_mean_s[case.placement.shapes[group[attained]], model[attained]]
    expected_s = np.bincount(group[attained], busy_s, num_groups)
    np.testing.assert_allclose(evaluation.group_busy_s, expected_s, rtol=1e-12)
