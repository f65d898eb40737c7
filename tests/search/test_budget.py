"""Budgets by effort, and their shares."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.search.budget import BASE_MODELS, EVALUATION_WORK, WORK, Budget, Usage, work_of
from alpaplan.specs.choices import Effort

ALL = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)


def test_every_effort_has_a_budget() -> None:
    assert set(WORK) == set(Effort)
    assert [Effort(name) for name in ("low", "medium", "high")] == list(ALL)


@given(num_models=st.integers(1, 10_000), more=st.integers(0, 1000))
def test_more_effort_and_more_models_get_more_work(num_models: int, more: int) -> None:
    budgets = [work_of(effort, num_models) for effort in ALL]
    assert all(a < b for a, b in itertools.pairwise(budgets))
    for effort, budget in zip(ALL, budgets, strict=True):
        assert work_of(effort, num_models + more) >= budget


@pytest.mark.parametrize("effort", ALL)
def test_work_grows_with_the_root_of_the_number_of_models(effort: Effort) -> None:
    assert work_of(effort, 1) == work_of(effort, BASE_MODELS) == WORK[effort]
    assert work_of(effort, 4 * BASE_MODELS) == 2 * WORK[effort]
    assert work_of(effort, 100 * BASE_MODELS) == 10 * WORK[effort]


@given(
    most=st.integers(1, 10_000),
    used=st.integers(0, 10_000),
    num_attempts=st.integers(1, 40),
    fraction=st.floats(0.01, 1),
)
def test_shares_are_equal_parts_of_what_is_left(
    most: int, used: int, num_attempts: int, fraction: float
) -> None:
    used = min(used, most)
    whole = Budget(most, 1000 * most)
    share = whole.share(Usage(used, 1000 * used), num_attempts, fraction)
    of_evaluations, of_work = share.max_evaluations, share.max_work
    assert of_evaluations is not None
    assert of_work is not None
    left = most - used
    # An attempt may always simulate once, else it had nothing to return.
    assert of_evaluations == 1 or of_evaluations * num_attempts <= left * fraction
    assert of_work == 1 or of_work * num_attempts <= 1000 * left * fraction
    assert (of_evaluations + 1) * num_attempts > left * fraction


def test_without_a_limit_shares_have_none_either_and_nothing_is_used_up() -> None:
    unlimited = Budget()
    assert unlimited.share(Usage(100, 10**9), 3, 0.5) == unlimited
    assert not unlimited.is_limited
    assert unlimited.used_part(Usage(100, 10**9)) == 0.0


def test_each_kind_of_limit_is_one() -> None:
    assert Budget(max_evaluations=1).is_limited
    assert Budget(max_work=1).is_limited


def test_an_overdrawn_budget_still_has_one_evaluation_for_each_attempt() -> None:
    assert Budget(10, 1000).share(Usage(30, 5000), 4) == Budget(1, 1)


def test_the_tightest_limit_is_the_used_part() -> None:
    used = Usage.of_one(1000)
    assert used == Usage(1, EVALUATION_WORK + 1000)
    assert Budget(10, 4 * used.work).used_part(used) == 0.25
    assert Budget(2, 4 * used.work).used_part(used) == 0.5
    assert Budget(max_evaluations=10).used_part(used) == 0.1


def test_usage_adds_up() -> None:
    assert Usage(1, 20) + Usage(3, 4) == Usage(4, 24)
