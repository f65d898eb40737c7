"""The kernels against the event-driven oracle, on problems full of ties."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpaplan.simulator import Simulator
from alpaplan.specs import Dispatch
from tests.simulator.cases import COMPILED, RULES, Case, fates, make_case, random_case

T = TypeVar("T")

EIGHTHS = st.integers(0, 8).map(lambda eighths: eighths / 8)
"""Exact in binary, and few, so that times and clocks meet."""

SINGLES = st.floats(2**-10, 1.0, width=32)
"""Exact in single precision, which earliest-finish rounds to."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    latencies = draw(st.sampled_from([EIGHTHS, SINGLES]))
    gaps = draw(st.sampled_from([EIGHTHS, st.just(0.0), st.floats(0.0, 1.0)]))
    num_profiles = draw(st.integers(1, 3))
    stages = draw(st.lists(st.sampled_from([1, 2, 3, 4, 7]), min_size=1, max_size=3))
    num_models = draw(st.integers(1, 4))
    num_groups = draw(st.integers(0, 4))
    times_s = np.cumsum(draw(st.lists(gaps, max_size=30))).tolist()
    return make_case(
        [[draw(listed(latencies, count)) for _ in range(num_profiles)] for count in stages],
        draw(listed(st.integers(0, len(stages) - 1), num_groups)),
        draw(listed(listed(st.booleans(), num_models), num_groups)),
        draw(listed(st.integers(0, 40).map(lambda eighths: eighths / 8), num_models)),
        [(time_s, draw(st.integers(0, num_models - 1))) for time_s in times_s],
        profile_of_model=draw(listed(st.integers(0, num_profiles - 1), num_models)),
        overhead_s=draw(st.sampled_from([0.0, 0.0, 0.125, 0.011])),
    )


def listed(items: st.SearchStrategy[T], size: int) -> st.SearchStrategy[list[T]]:
    return st.lists(items, min_size=size, max_size=size)


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
