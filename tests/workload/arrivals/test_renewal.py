"""Renewal processes against theory; 4 standard errors from replications, KS at 0.001."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.specs.arrivals import (
    MAX_WEIBULL_SHAPE,
    MIN_WEIBULL_SHAPE,
    weibull_cv,
)
from alpaplan.workload.arrivals.renewal import (
    Deterministic,
    Gamma,
    Pareto,
    Poisson,
    Weibull,
    pareto_shape,
    weibull_shape,
)
from tests.workload.arrivals.processes import ALL, RANDOM_RENEWAL
from tests.workload.statistics import Floats, assert_distribution, assert_mean, lower_gamma

Cdf = Callable[[Floats], Floats]


def gap_cdf(process: object) -> Cdf:
    """Distribution of a gap, in units of the mean gap."""
    match process:
        case Poisson():
            return lambda x: -np.expm1(-x)
        case Gamma(gap_cv=cv):
            return lambda x: lower_gamma(cv**-2, x * cv**-2)
        case Weibull(shape=shape):
            scale = 1 / math.gamma(1 + 1 / shape)
            return lambda x: -np.expm1(-((x / scale) ** shape))
        case Pareto(shape=shape):
            least = (shape - 1) / shape
            return lambda x: np.where(x > least, 1 - (least / np.maximum(x, least)) ** shape, 0.0)
    raise AssertionError(process)


def first_arrival_cdf(process: object) -> Cdf:
    """Distribution of the stationary first arrival: the integral of 1 - `gap_cdf`."""
    match process:
        case Poisson():
            return lambda x: -np.expm1(-x)
        case Gamma(gap_cv=cv):
            k = cv**-2
            return lambda x: lower_gamma(k + 1, k * x) + x * (1 - lower_gamma(k, k * x))
        case Weibull(shape=shape):
            scale = 1 / math.gamma(1 + 1 / shape)
            return lambda x: lower_gamma(1 / shape, (x / scale) ** shape)
        case Pareto(shape=shape):
            least = (shape - 1) / shape
            return lambda x: np.where(
                x < least, x, 1 - (least / np.maximum(x, least)) ** (shape - 1) / shape
            )
    raise AssertionError(process)


@pytest.mark.parametrize("name", sorted(RANDOM_RENEWAL))
def test_gaps_follow_their_distribution(name: str) -> None:
    process = RANDOM_RENEWAL[name]
    gaps = np.diff(process.sample(2000.0, np.random.default_rng(11))) * process.rate_rps
    # Shorter gaps than this are lost when arrivals near 2000 s are subtracted.
    assert_distribution(gaps, gap_cdf(process), lower=1e-9, upper=math.inf)


@pytest.mark.parametrize("name", sorted(RANDOM_RENEWAL))
def test_first_arrival_is_the_rest_of_a_gap_under_way(name: str) -> None:
    process = RANDOM_RENEWAL[name]
    horizon = 8.0
    rng = np.random.default_rng(12)
    samples = [process.sample(horizon / process.rate_rps, rng) for _ in range(3000)]
    first = np.array([times[0] if times.size else math.inf for times in samples])
    assert_distribution(first * process.rate_rps, first_arrival_cdf(process), 0.0, horizon)


@pytest.mark.parametrize("name", sorted(RANDOM_RENEWAL))
def test_each_second_expects_the_rate_from_the_first_on(name: str) -> None:
    process = RANDOM_RENEWAL[name]
    rng = np.random.default_rng(13)
    counts = [np.histogram(process.sample(8.0, rng), [0.0, 1.0, 7.0, 8.0])[0] for _ in range(3000)]
    first, _, last = np.array(counts).T
    assert_mean(first, process.rate_rps)
    assert_mean(last, process.rate_rps)


def test_starting_with_a_whole_gap_would_fail_the_check_above() -> None:
    rng = np.random.default_rng(14)
    whole_gaps = [np.cumsum(rng.gamma(1 / 16, 16 / 5, size=300)) for _ in range(3000)]
    with pytest.raises(AssertionError):
        assert_mean((float(np.sum(times < 1.0)) for times in whole_gaps), 5.0)


# Gaps of the heavy-tailed ones have no fourth moment, so no standard error.
@pytest.mark.parametrize("name", sorted(set(RANDOM_RENEWAL) - {"pareto-4"}))
def test_rate_and_cv_of_long_samples(name: str) -> None:
    process = RANDOM_RENEWAL[name]
    rng = np.random.default_rng(15)
    samples = [process.sample(2000.0, rng) for _ in range(40)]
    assert_mean((times.size / 2000.0 for times in samples), process.rate_rps)
    gaps = [np.diff(times[:5001]) * process.rate_rps for times in samples]
    assert_mean((float(np.mean(part**2)) for part in gaps), 1 + process.cv**2)


# With infinite third moments counts come near their index in windows that nobody can sample.
@pytest.mark.parametrize("name", sorted(set(RANDOM_RENEWAL) - {"pareto-4"}))
def test_index_of_dispersion_of_long_windows(name: str) -> None:
    process = RANDOM_RENEWAL[name]
    rng = np.random.default_rng(18)
    edges = np.arange(0.0, 40_001.0, 100.0)
    counts = (np.histogram(process.sample(40_000.0, rng), edges)[0] for _ in range(40))
    mean = process.rate_rps * 100
    found = (float(np.mean((count - mean) ** 2)) / mean for count in counts)
    assert_mean(found, process.dispersion)
    assert process.dispersion == pytest.approx(process.cv**2)


def test_poisson_counts_have_index_of_dispersion_one() -> None:
    times = Poisson(5.0).sample(20_000.0, np.random.default_rng(16))
    counts = np.histogram(times, np.arange(0.0, 20_001.0))[0]
    assert_mean((counts - 5.0) ** 2 / 5.0, 1.0)


@given(st.floats(1e-3, 1e3))
def test_shape_of_a_cv_has_that_cv(cv: float) -> None:
    assert Pareto(1.0, pareto_shape(cv)).cv == pytest.approx(cv, rel=1e-6)
    if weibull_cv(MAX_WEIBULL_SHAPE) <= cv:
        assert Weibull(1.0, weibull_shape(cv)).cv == pytest.approx(cv, rel=1e-9)


def test_known_shapes() -> None:
    assert weibull_shape(1.0) == pytest.approx(1.0)
    assert weibull_cv(2.0) == pytest.approx(math.sqrt(4 / math.pi - 1))  # Rayleigh
    assert Gamma(1.0, 4.0).shape == pytest.approx(1 / 16)
    assert Pareto(1.0, 3.0).cv == pytest.approx(math.sqrt(1 / 3))
    assert Pareto(1.0, 1.5).cv == math.inf
    assert Pareto(1.0, 1.5).dispersion == math.inf


@pytest.mark.parametrize(
    "cv", [weibull_cv(MIN_WEIBULL_SHAPE) * 1.01, weibull_cv(MAX_WEIBULL_SHAPE) * 0.99]
)
def test_a_cv_of_no_weibull_shape_is_refused(cv: float) -> None:
    with pytest.raises(ValueError, match="no Weibull shape has cv"):
        weibull_shape(cv)


def test_deterministic_arrivals_come_after_half_a_gap() -> None:
    rng = np.random.default_rng(0)
    assert Deterministic(4.0).sample(1.0, rng).tolist() == [0.125, 0.375, 0.625, 0.875]
    assert Deterministic(4.0).sample(0.125, rng).size == 0
    assert Deterministic(4.0).cv == 0
    assert Deterministic(4.0).dispersion == 0


@pytest.mark.parametrize("name", sorted({*RANDOM_RENEWAL, "deterministic"}))
@pytest.mark.parametrize("rate_rps", [0.0, 5e-324, 1e-300])
def test_a_rate_of_next_to_nothing_leaves_no_arrivals(name: str, rate_rps: float) -> None:
    process = type(ALL[name])(**{**vars(ALL[name]), "rate_rps": rate_rps})
    assert process.sample(1000.0, np.random.default_rng(0)).size == 0


@pytest.mark.parametrize(
    "process",
    [Gamma(5.0, 1e-3), Gamma(5.0, 100.0), Weibull(5.0, 1e3), Weibull(5.0, 0.2), Pareto(5.0, 1.001)],
)
def test_shapes_at_the_limits_are_sampled_without_warnings(process: Gamma) -> None:
    times = process.sample(1.0, np.random.default_rng(17))
    assert np.all((times >= 0) & (times < 1))
