"""Scores and candidates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.candidate import Candidate, Score, best_of
from alpaplan.simulator import Evaluation
from tests import builders as make

fractions = st.floats(0, 1)


def evaluation(requests: list[int], attained: list[int], latency_s: float = 0.1) -> Evaluation:
    """Return what one group did."""
    attained_array = np.array(attained, dtype=np.int64)
    total = np.array([sum(attained)], dtype=np.int64)
    return Evaluation(
        requests=np.array(requests, dtype=np.int64),
        attained=attained_array,
        latency_sum_s=np.array(attained, dtype=np.float64) * latency_s,
        group_requests=np.array([sum(requests)], dtype=np.int64),
        group_attained=total,
        group_busy_s=np.array([0.1 * sum(attained)]),
    )


@pytest.fixture
def weighted() -> PlacementProblem:
    return make.problem([make.model("m", weight=3.0), make.model("n", weight=1.0)])


@given(a=fractions, b=fractions, fast=st.floats(0, 10), slow=st.floats(0, 10))
def test_attainment_comes_before_latency(a: float, b: float, fast: float, slow: float) -> None:
    if a != b:
        assert (Score(a, -slow) > Score(b, -fast)) == (a > b)
    assert (Score(a, -fast) > Score(a, -slow)) == (fast < slow)


def test_a_score_is_weighted_by_model_and_its_latency_is_not(weighted: PlacementProblem) -> None:
    score = Score.of(weighted, evaluation([10, 10], [10, 0]))
    assert score.attainment == pytest.approx(0.75)
    assert score.negative_latency_s == pytest.approx(-0.1)
    assert score > Score.of(weighted, evaluation([10, 10], [0, 10]))


def test_nothing_attained_is_the_slowest_of_all(weighted: PlacementProblem) -> None:
    nothing = Score.of(weighted, evaluation([10, 10], [0, 0]))
    assert nothing == Score(0.0, -math.inf)
    assert nothing < Score(0.0, -1e9)


def test_of_equal_candidates_the_first_is_the_best() -> None:
    placement = Placement(np.zeros(1, np.int64), np.ones((1, 1), np.bool_))
    low = Candidate("a", "", placement, Score(0.5, -1.0), evaluation([2], [1]), 1)
    high = replace(low, score=Score(0.5, -0.5))
    assert best_of([low, high, replace(high, method="b")]) is high
