"""Budgets by effort."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.search.effort import BASE_MODELS, WORK, work_of
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
