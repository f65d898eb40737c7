from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import TooManyArrivalsError
from alpaplan.workload import rescale
from alpaplan.workload.arrivals.renewal import Gamma
from alpaplan.workload.rescale import (
    FAMILIES,
    Scaling,
    TimesAndModels,
    circular_cv,
    draw_counts,
    draw_laws,
    draw_requests,
    spread_counts,
)
from tests.workload.statistics import assert_mean

ROWS = st.lists(st.tuples(st.floats(0, 60), st.integers(0, 3)), min_size=1, max_size=30)


@given(counts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), max_size=8))
def test_counts_are_kept(counts: list[tuple[int, int]]) -> None:
    model = np.array([one for one, _ in counts], np.int32)
    count = np.array([number for _, number in counts], np.int64)
    time_s, owner = spread_counts(model, count, 60.0, np.random.default_rng(0))
    assert (np.diff(time_s) >= 0).all()
    assert ((time_s >= 0) & (time_s < 60)).all()
    expected = [sum(number for one, number in counts if one == of) for of in range(5)]
    assert np.bincount(owner, minlength=5).tolist() == expected


@given(rows=ROWS)
def test_circular_cv_against_loops(rows: list[tuple[float, int]]) -> None:
    rows = sorted(rows)
    times = np.array([time for time, _ in rows])
    cv = circular_cv(times, np.array([one for _, one in rows], np.int32), 60.0)
    assert cv.size == 1 + max(one for _, one in rows)
    for one in range(cv.size):
        own = [time for time, owner in rows if owner == one]
        if len(own) < 3:
            assert cv[one] == 1
            continue
        gaps = [b - a for a, b in zip(own, [*own[1:], own[0] + 60.0], strict=True)]
        assert math.fsum(gaps) == pytest.approx(60.0)
        assert cv[one] == pytest.approx(np.std(gaps) / np.mean(gaps), rel=1e-6, abs=1e-6)


def test_a_burst_in_an_empty_window_is_a_burst() -> None:
    times = np.array([5.0, 5.0, 5.0, 5.0])
    assert circular_cv(times, np.zeros(4, np.int32), 60.0)[0] == pytest.approx(math.sqrt(3))


def moments(draws: list[TimesAndModels], model: int) -> tuple[list[int], float]:
    """Return the counts of one model in each draw, and the mean CV of its gaps."""
    own = [time_s[owner == model] for time_s, owner in draws]
    cvs = [np.std(np.diff(times)) / np.mean(np.diff(times)) for times in own if times.size > 2]
    return [times.size for times in own], float(np.mean(cvs))


def test_counts_drawn_anew_have_the_scaled_rate_and_cv() -> None:
    model, count = np.array([2, 0, 2], np.int32), np.array([1500, 400, 500])
    rng = np.random.default_rng(1)
    draws = [draw_counts(model, count, 60.0, Scaling(rate=2.0, cv=1.5), rng) for _ in range(40)]
    for one, expected in ((0, 800), (2, 4000)):
        counts, cv = moments(draws, one)
        assert_mean(counts, expected)
        assert cv == pytest.approx(1.5, rel=0.03)


def test_requests_drawn_anew_have_the_scaled_rate_and_cv() -> None:
    rng = np.random.default_rng(2)
    once = Gamma(20.0, 2.0).sample(200.0, rng)
    model = np.full(once.size, 1, np.int32)
    fitted = circular_cv(once, model, 200.0)[1]
    assert fitted == pytest.approx(2.0, rel=0.1)
    scaling = Scaling(rate=0.5, cv=0.5)
    draws = [draw_requests(once, model, 200.0, scaling, rng) for _ in range(60)]
    counts, cv = moments(draws, 1)
    assert_mean(counts, once.size / 2)
    assert cv == pytest.approx(fitted / 2, rel=0.03)


@pytest.mark.parametrize("family", FAMILIES)
def test_laws_have_the_scaled_rate_and_cv(family: str) -> None:
    rng = np.random.default_rng(3)
    rows = (
        np.array([1, 1, 0], np.int32),
        np.array([2.0, 0.0, 1.0]),
        np.array([1.2, 1.0, 1.2]),
        np.full(3, FAMILIES.index(family), np.int8),
    )
    draws = [draw_laws(*rows, 200.0, Scaling(rate=3.0, cv=1.5), rng) for _ in range(60)]
    counts, cv = moments(draws, 1)
    assert_mean(counts, 1200)
    assert cv == pytest.approx(1.5 if family == "exponential" else 1.8, rel=0.05)


def test_too_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescale, "MAX_WINDOW_ARRIVALS", 10)
    with pytest.raises(TooManyArrivalsError, match="must be at most 10 requests in one window"):
        spread_counts(np.zeros(1, np.int32), np.array([11]), 60.0, np.random.default_rng(0))
