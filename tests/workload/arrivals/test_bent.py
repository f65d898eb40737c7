"""Draws of one law bent into those of another: the right law, and the same random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alpaplan.specs.arrivals import (
    ArrivalsSpec,
    GammaArrivals,
    ParetoArrivals,
    PiecewiseArrivals,
    PoissonArrivals,
    WeibullArrivals,
)
from alpaplan.specs.cv_scaling import cv_limits, factors_of_cv, with_cv_scaled
from alpaplan.workload.arrivals import bent_process_of, process_of
from tests.workload.arrivals.test_renewal import gap_cdf
from tests.workload.statistics import assert_distribution

STATED: dict[str, ArrivalsSpec] = {
    "gamma": GammaArrivals(process="gamma", rate_rps=5, cv=4),
    "smooth": GammaArrivals(process="gamma", rate_rps=5, cv=0.7),
    "weibull": WeibullArrivals(process="weibull", rate_rps=5, cv=2),
    "weibull by shape": WeibullArrivals(process="weibull", rate_rps=5, shape=0.7),
    "pareto": ParetoArrivals(process="pareto", rate_rps=5, cv=0.8),
}


@pytest.mark.parametrize("factor", [0.25, 0.8, 1.5, 3.0])
@pytest.mark.parametrize("name", sorted(STATED))
def test_bent_gaps_follow_the_law_that_they_are_bent_into(name: str, factor: float) -> None:
    changed = with_cv_scaled(STATED[name], factor)
    process = bent_process_of(STATED[name], changed)
    assert process.rate_rps == 5
    assert process.cv == pytest.approx(process_of(STATED[name]).cv * factor, rel=1e-6)
    gaps = np.diff(process.sample(4000.0, np.random.default_rng(21), cold_start=True)) * 5
    assert_distribution(gaps, gap_cdf(process_of(changed)), lower=1e-8, upper=math.inf)


@pytest.mark.parametrize("name", sorted(STATED))
def test_a_small_change_moves_every_arrival_a_little(name: str) -> None:
    process = bent_process_of(STATED[name], with_cv_scaled(STATED[name], 1.001))
    stated_s = process_of(STATED[name]).sample(60.0, np.random.default_rng(22), cold_start=True)
    times_s = process.sample(60.0, np.random.default_rng(22), cold_start=True)
    count = min(stated_s.size, times_s.size)
    assert abs(stated_s.size - times_s.size) <= 2
    np.testing.assert_allclose(times_s[:count], stated_s[:count], rtol=0.01, atol=0.02)


def test_windows_are_bent_one_by_one_and_other_processes_stay() -> None:
    stated = PiecewiseArrivals.model_validate(
        {
            "process": "piecewise",
            "windows": [
                {"duration_s": 10, "arrivals": {"process": "gamma", "rate_rps": 5, "cv": 2}},
                {"duration_s": 5},
                {"duration_s": 10, "arrivals": {"process": "poisson", "rate_rps": 9}},
            ],
        }
    )
    changed = with_cv_scaled(stated, 2.0)
    assert cv_limits(changed)[0][0] == 4.0
    before_s, after_s = (
        process.sample(25.0, np.random.default_rng(23))
        for process in (process_of(stated), bent_process_of(stated, changed))
    )
    assert not np.array_equal(before_s[before_s < 10], after_s[after_s < 10])
    np.testing.assert_array_equal(before_s[before_s >= 15], after_s[after_s >= 15])
    poisson = PoissonArrivals(process="poisson", rate_rps=2)
    assert with_cv_scaled(poisson, 3.0) is poisson
    assert cv_limits(poisson) == []


def test_factors_end_where_documents_do() -> None:
    lowest, highest = factors_of_cv(GammaArrivals(process="gamma", rate_rps=1, cv=500))
    assert (lowest, highest) == pytest.approx((2e-6, 2.0))
    for stated in STATED.values():
        for factor in factors_of_cv(stated):
            scaled = with_cv_scaled(stated, factor)
            type(scaled).model_validate(scaled.model_dump(exclude_none=True))


def test_a_heavy_tail_without_a_variance_has_no_cv_to_scale() -> None:
    assert cv_limits(ParetoArrivals(process="pareto", rate_rps=1, shape=1.9)) == []


def test_another_rate_alone_bends_nothing() -> None:
    slow, fast = (PoissonArrivals(process="poisson", rate_rps=rate) for rate in (2, 4))
    assert bent_process_of(slow, fast) == process_of(fast)
