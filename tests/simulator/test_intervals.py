"""Intervals: by hand, against scipy's Student's t, and by replication."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alpaplan.simulator.intervals import (
    mean_interval_95,
    next_run_interval_95,
    ratio_interval_95,
    shorter_run_factor,
    student_t_975,
    wilson_interval_95,
)


def test_points_of_students_t() -> None:
    for freedom in range(1, 21):
        assert student_t_975(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=6e-4)
    assert student_t_975(1000) == student_t_975(20)


def test_intervals_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    runs = rng.normal(0.9, 0.01, size=(4000, 11))
    mean_inside = next_inside = 0
    for row in runs:
        confidence, next_run = mean_interval_95(row[:10]), next_run_interval_95(row[:10])
        mean_inside += confidence[0] <= 0.9 <= confidence[1]
        next_inside += next_run[0] <= row[10] <= next_run[1]
    # Four standard errors of a share of 0.95 in 4,000 trials are 0.014.
    assert mean_inside / 4000 == pytest.approx(0.95, abs=0.014)
    assert next_inside / 4000 == pytest.approx(0.95, abs=0.014)


def test_intervals_of_fractions_are_fractions() -> None:
    assert next_run_interval_95(np.array([1.0, 1.0, 0.98]))[1] == 1.0
    for interval in (mean_interval_95, next_run_interval_95):
        assert interval(np.array([0.5])) == (0.0, 1.0)


def test_ratio_by_hand() -> None:
    # Ratio (1 + 3) / 20; residuals (1 - 2, 3 - 2) / 10; deviation sqrt(0.02); t of 1 freedom.
    half = 12.706 * np.sqrt(0.02) / np.sqrt(2)
    found = ratio_interval_95(np.array([10, 10]), np.array([1, 3]))
    assert found == pytest.approx((max(-1.0, 0.2 - half), 1.0))
    assert ratio_interval_95(np.array([10]), np.array([1])) is None


def test_ratios_hold_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        requests = rng.poisson(500, 10)
        found = ratio_interval_95(requests, rng.binomial(requests, 0.03))
        assert found is not None
        held += found[0] <= 0.03 <= found[1]
    assert 930 <= held <= 970


def test_shorter_runs_vary_more() -> None:
    assert shorter_run_factor(1.0, 10) == 1.0
    assert shorter_run_factor(4.0, 10) == pytest.approx(np.sqrt(4.1 / 1.1))


@pytest.mark.parametrize(
    ("attained", "requests"), [(0, 1), (1, 1), (3, 10), (199, 200), (200, 200)]
)
def test_intervals_of_fractions_are_those_of_scipy(attained: int, requests: int) -> None:
    wanted = stats.binomtest(attained, requests).proportion_ci(0.95, method="wilson")
    found = wilson_interval_95(attained, requests)
    assert found == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_intervals_of_all_and_of_none_end_there() -> None:
    for requests in range(1, 300):
        assert wilson_interval_95(requests, requests)[1] == 1.0
        assert wilson_interval_95(0, requests)[0] == 0.0
