from __future__ import annotations

import math

import numpy as np
import pytest

from alpaplan.errors import TooManyArrivalsError
from alpaplan.workload.arrivals import base, piecewise
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.renewal import Deterministic, Gamma, Poisson
from tests.workload.statistics import assert_mean


def test_windows_come_in_turn_over_and_over() -> None:
    process = Piecewise((1.0, 2.0, 1.0), (Deterministic(2.0), None, Deterministic(1.0)))
    times = process.sample(9.5, np.random.default_rng(0))
    assert times.tolist() == [0.25, 0.75, 3.5, 4.25, 4.75, 7.5, 8.25, 8.75]


def test_the_last_window_is_cut_at_the_horizon() -> None:
    process = Piecewise((1.0, 1e12), (None, Deterministic(1.0)))
    assert process.sample(3.0, np.random.default_rng(0)).tolist() == [1.5, 2.5]


def test_rate_is_weighted_with_the_windows_lengths() -> None:
    process = Piecewise((1.0, 2.0, 1.0), (Deterministic(2.0), None, Poisson(6.0)))
    assert process.rate_rps == pytest.approx(2.0)
    assert math.isnan(process.cv)
    assert math.isnan(process.dispersion)


def test_every_window_expects_its_own_rate() -> None:
    process = Piecewise((1.0, 0.5), (Gamma(4.0, 4.0), Poisson(20.0)))
    rng = np.random.default_rng(31)
    edges = [0.0, 1.0, 1.5, 2.5, 3.0]
    counts = np.array([np.histogram(process.sample(3.0, rng), edges)[0] for _ in range(2000)])
    for column, expected in zip(counts.T, (4.0, 10.0, 4.0, 10.0), strict=True):
        assert_mean(column, expected)


def test_a_change_to_one_window_leaves_the_others_as_they_are() -> None:
    before, after = (
        Piecewise((5.0, 5.0), (first, Poisson(3.0))).sample(20.0, np.random.default_rng(32))
        for first in (Poisson(3.0), Gamma(50.0, 2.0))
    )
    kept_before, kept_after = (times[times % 10 >= 5] for times in (before, after))
    assert kept_before.size > 0
    assert np.array_equal(kept_before, kept_after)


def test_too_many_windows_are_refused() -> None:
    process = Piecewise((1e-6, 1e-6), (Poisson(1.0), None))
    with pytest.raises(TooManyArrivalsError, match=r"at most 1,000,000 windows.*within 100 s"):
        process.sample(100.0, np.random.default_rng(0))


def test_too_many_arrivals_of_all_windows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piecewise, "MAX_ARRIVALS", 100)
    assert base.MAX_ARRIVALS > 100
    with pytest.raises(TooManyArrivalsError, match="at most 100 arrivals"):
        Piecewise((1.0,), (Deterministic(10.0),)).sample(20.0, np.random.default_rng(0))
