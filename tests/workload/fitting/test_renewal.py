"""Gamma, Weibull and Poisson fits: exact likelihoods, and samples whose parameters come back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.specs.arrivals import GammaArrivals, PoissonArrivals, WeibullArrivals
from alpaplan.workload.arrivals.renewal import Gamma, Poisson, RenewalProcess, Weibull
from alpaplan.workload.fitting.choice import fit_observation
from alpaplan.workload.fitting.gamma import GammaGaps
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.poisson import poisson_log_likelihood
from alpaplan.workload.fitting.renewal import log_likelihood
from alpaplan.workload.fitting.weibull import WeibullGaps
from tests.workload.fitting.likelihoods import renewal_reference
from tests.workload.statistics import assert_mean

TIMES = np.array([0.3, 0.31, 0.3100001, 1.2, 1.9, 4.0, 4.05, 4.05, 7.5])
"""With short gaps, one of 0 and both edges."""

CASES: dict[str, tuple[RenewalProcess, float]] = {
    "gamma-0.5": (Gamma(5.0, 0.5), 0.5),
    "gamma-4": (Gamma(5.0, 4.0), 4.0),
    "weibull-0.4": (Weibull(5.0, 0.4), 0.4),
    "weibull-2": (Weibull(5.0, 2.0), 2.0),
}
"""Process, and its cv or shape."""


def parameter(process: RenewalProcess, duration_s: float, rng: np.random.Generator) -> float:
    """Sample a process, fit its own law, and return the cv or shape found."""
    name = type(process).__name__.lower()
    observation = Observation(process.sample(duration_s, rng), duration_s)
    arrivals = fit_observation(observation, name).arrivals
    if isinstance(arrivals, GammaArrivals):
        return arrivals.cv
    assert isinstance(arrivals, WeibullArrivals)
    assert arrivals.shape is not None
    return arrivals.shape


@pytest.mark.parametrize("shape", [0.07, 0.5, 1.0, 2.5, 30.0])
def test_gamma_likelihood_against_quadrature(shape: float) -> None:
    observation = Observation(TIMES, 9.0)

    def density(gap: float) -> float:
        log = shape * math.log(shape) - math.lgamma(shape) + (shape - 1) * math.log(gap)
        return math.exp(log - shape * gap)

    found = log_likelihood(GammaGaps(), observation, shape)
    assert found == pytest.approx(renewal_reference(observation, density), rel=1e-7)


@pytest.mark.parametrize("shape", [0.3, 1.0, 2.5])
def test_weibull_likelihood_against_quadrature(shape: float) -> None:
    observation = Observation(TIMES, 9.0)
    scale = 1 / math.gamma(1 + 1 / shape)

    def density(gap: float) -> float:
        power = (gap / scale) ** shape
        return float(shape * power / gap * math.exp(-power))

    found = log_likelihood(WeibullGaps(), observation, shape)
    assert found == pytest.approx(renewal_reference(observation, density), rel=1e-7)


def test_poisson_likelihood_in_closed_form() -> None:
    # Without short gaps: rate**n exp(-rate duration).
    observation = Observation(np.array([1.0, 2.0, 4.0]), 6.0)
    assert poisson_log_likelihood(observation) == pytest.approx(3 * math.log(0.5) - 3)
    fit = fit_observation(observation, "poisson")
    assert fit.arrivals == PoissonArrivals(process="poisson", rate_rps=0.5)
    assert fit.bic == pytest.approx(math.log(3) - 2 * (3 * math.log(0.5) - 3))


@pytest.mark.parametrize("name", CASES)
def test_parameters_of_samples_come_back(name: str) -> None:
    process, true = CASES[name]
    rng = np.random.default_rng(41)
    assert_mean((math.log(parameter(process, 400.0, rng) / true) for _ in range(40)), 0.0)


@pytest.mark.parametrize("name", CASES)
def test_errors_shrink_with_the_root_of_the_sample(name: str) -> None:
    process, true = CASES[name]
    rng = np.random.default_rng(42)
    errors = [
        math.sqrt(
            np.mean([math.log(parameter(process, length_s, rng) / true) ** 2 for _ in range(100)])
        )
        for length_s in (50.0, 800.0)
    ]
    # A factor of 4 is expected; 100 replications know each of the two to a twelfth or so.
    assert 2.5 < errors[0] / errors[1] < 6.5


def test_edges_matter_in_short_windows() -> None:
    # Spans of 10 s hold 50 requests on average, and gaps of several seconds are often cut.
    process, true = CASES["gamma-4"]
    rng = np.random.default_rng(43)
    whole: list[float] = []
    cut: list[float] = []
    for _ in range(300):
        times = process.sample(10.0, rng)
        if times.size < 22:
            continue
        inside = times[1:] - times[0]
        for found, one in (
            (whole, Observation(times, 10.0)),
            (cut, Observation(inside, float(inside[-1]))),
        ):
            arrivals = fit_observation(one, "gamma").arrivals
            assert isinstance(arrivals, GammaArrivals)
            found.append(math.log(arrivals.cv / true))
    assert abs(np.mean(whole)) < abs(np.mean(cut))
    assert abs(np.mean(whole)) < 0.06


@pytest.mark.parametrize(
    ("process", "law"),
    [
        (Poisson(5.0), "poisson"),
        (Gamma(5.0, 4.0), "gamma"),
        (Gamma(5.0, 0.4), "gamma"),
        (Weibull(5.0, 0.4), "weibull"),
        (Weibull(5.0, 3.0), "weibull"),
    ],
)
def test_auto_finds_the_law_of_a_sample(process: RenewalProcess, law: str) -> None:
    times = process.sample(400.0, np.random.default_rng(44))
    assert fit_observation(Observation(times, 400.0), "auto").arrivals.process == law


@settings(max_examples=30)
@given(
    st.lists(st.floats(0, 100), min_size=20, max_size=60),
    st.floats(1e-3, 1e3),
    st.sampled_from(["gamma", "weibull"]),
)
def test_whatever_the_times_poisson_is_not_likelier(
    times: list[float], unit: float, law: str
) -> None:
    arrival_s = np.sort(np.array(times))
    observation = Observation(arrival_s, 101.0)
    fit = fit_observation(observation, law)
    # Poisson is one of the family: the search may miss the best shape by its tolerance only.
    assert fit.log_likelihood >= poisson_log_likelihood(observation) - 1e-3
    # And the unit of time changes nothing but the rate: of long gaps and of the first request.
    num_densities = observation.long_gaps.size + 1
    scaled = fit_observation(Observation(arrival_s * unit, 101.0 * unit), law)
    assert scaled.log_likelihood == pytest.approx(
        fit.log_likelihood - num_densities * math.log(unit), abs=1e-4
    )


def test_equal_gaps_end_at_the_limits_of_the_laws() -> None:
    times = np.arange(0.5, 50.0)
    gamma, weibull = (
        fit_observation(Observation(times, 50.0), law) for law in ("gamma", "weibull")
    )
    assert gamma.arrivals == GammaArrivals(process="gamma", rate_rps=1, cv=0.001)
    assert isinstance(weibull.arrivals, WeibullArrivals)
    assert weibull.arrivals.shape == pytest.approx(1000, rel=1e-3)


@pytest.mark.parametrize("law", ["gamma", "weibull", "mmpp", "auto"])
def test_requests_all_at_once_are_as_bursty_as_can_be(law: str) -> None:
    observation = Observation(np.full(60, 30.0), 100.0)
    fit = fit_observation(observation, law)
    assert math.isfinite(fit.log_likelihood)
    assert fit.log_likelihood > poisson_log_likelihood(observation) + 100


@pytest.mark.parametrize("law", ["gamma", "weibull", "auto"])
def test_few_requests_are_poisson(law: str) -> None:
    rng = np.random.default_rng(45)
    few, enough = (np.sort(100 * rng.random(count)) for count in (19, 20))
    arrivals = fit_observation(Observation(few, 100.0), law).arrivals
    assert arrivals == PoissonArrivals(process="poisson", rate_rps=0.19)
    if law != "auto":
        assert fit_observation(Observation(enough, 100.0), law).arrivals.process == law
