"""The two-state MMPP: its likelihood against matrix exponentials, and samples fitted back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.specs.arrivals import MmppArrivals
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.renewal import Poisson
from alpaplan.workload.fitting import LAWS
from alpaplan.workload.fitting.choice import fit_observation
from alpaplan.workload.fitting.mmpp import TwoStates, log_likelihood
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.poisson import poisson_log_likelihood
from tests.workload.fitting.likelihoods import mmpp_reference
from tests.workload.fitting.test_renewal import TIMES
from tests.workload.statistics import assert_distribution, assert_mean

PROCESS = Mmpp((20.0, 1.0), (4.0, 16.0))


@settings(max_examples=30)
@given(st.floats(0.01, 0.99), st.floats(1.0, 1e4), st.floats(1.0, 1e4))
def test_likelihood_against_matrix_exponentials(share: float, ratio: float, cycle: float) -> None:
    observation = Observation(TIMES, 9.0)
    states = TwoStates(share, ratio, cycle)
    rates, stays = states.rates, states.stays
    assert share * rates[0] + (1 - share) * rates[1] == pytest.approx(1)
    unit = observation.rate_rps
    expected = mmpp_reference(
        observation,
        (rates[0] * unit, rates[1] * unit),
        (stays[0] / unit, stays[1] / unit),
    )
    # The reference counts a short gap with a probability, as the fit does.
    assert log_likelihood(states, observation) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_equal_rates_are_poisson() -> None:
    observation = Observation(TIMES, 9.0)
    found = log_likelihood(TwoStates(0.3, 1.0, 20.0), observation)
    assert found == pytest.approx(poisson_log_likelihood(observation))


def fitted(duration_s: float, rng: np.random.Generator) -> tuple[float, ...]:
    """Return logarithms of fitted over true parameters of a sample."""
    observation = Observation(PROCESS.sample(duration_s, rng), duration_s)
    arrivals = fit_observation(observation, "mmpp").arrivals
    assert isinstance(arrivals, MmppArrivals)
    found = [state.rate_rps for state in arrivals.states]
    found += [state.mean_duration_s for state in arrivals.states]
    true = PROCESS.state_rates_rps + PROCESS.mean_durations_s
    return tuple(math.log(a / b) for a, b in zip(found, true, strict=True))


@pytest.mark.slow
def test_parameters_of_samples_come_back_and_errors_shrink() -> None:
    rng = np.random.default_rng(51)
    short, long = (
        np.array([fitted(length_s, rng) for _ in range(count)])
        for length_s, count in ((100.0, 20), (800.0, 20))
    )
    for column in long.T[:3]:
        assert_mean(column, 0.0)
    # Held to the observed rate, the fourth follows from the others and scatters with that rate.
    assert abs(long.T[3].mean()) < 0.1
    assert np.all(np.sqrt((short**2).mean(axis=0)) > 1.8 * np.sqrt((long**2).mean(axis=0)))


def test_auto_finds_two_states_and_no_others_where_there_are_none() -> None:
    rng = np.random.default_rng(52)
    bursty = Observation(PROCESS.sample(300.0, rng), 300.0)
    assert fit_observation(bursty, "auto").arrivals.process == "mmpp"
    plain = Observation(Poisson(5.0).sample(300.0, rng), 300.0)
    assert fit_observation(plain, "auto").arrivals.process == "poisson"


def test_gap_probabilities_of_the_right_process_are_uniform_and_independent() -> None:
    observation = Observation(PROCESS.sample(2000.0, np.random.default_rng(53)), 2000.0)
    fit = fit_observation(observation, "mmpp")
    probabilities = LAWS["mmpp"].gap_probabilities(observation, fit.arrivals)
    # Those of short gaps are upper limits, in either state: look above all of them.
    lowest = float(probabilities[observation.is_short].max())
    assert lowest < 0.5
    assert_distribution(probabilities, lambda u: u, lowest, 1.0)
    others = LAWS["gamma"].gap_probabilities(
        observation, fit_observation(observation, "gamma").arrivals
    )
    # Neighbors know of each other only through the state, which this process has taken in.
    mine, renewal = (abs(np.corrcoef(u[1:], u[:-1])[0, 1]) for u in (probabilities, others))
    assert mine < 0.05 < renewal


def test_few_requests_are_poisson() -> None:
    times = np.sort(100 * np.random.default_rng(54).random(49))
    assert fit_observation(Observation(times, 100.0), "mmpp").arrivals.process == "poisson"


def test_gap_probabilities_need_the_law_of_the_process() -> None:
    observation = Observation(TIMES, 9.0)
    poisson = fit_observation(observation, "poisson").arrivals
    for law in ("gamma", "weibull", "mmpp"):
        with pytest.raises(TypeError, match="must be"):
            LAWS[law].gap_probabilities(observation, poisson)
