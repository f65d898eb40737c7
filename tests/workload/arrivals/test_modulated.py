from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.workload.arrivals.modulated import Mmpp
from tests.workload.arrivals.processes import BURSTY
from tests.workload.statistics import assert_mean

TWO_STATES = Mmpp(state_rates_rps=(50.0, 5.0), mean_durations_s=(0.2, 0.5))


@pytest.mark.parametrize("process", [TWO_STATES, BURSTY])
def test_rate_and_cv_of_long_samples(process: Mmpp) -> None:
    rng = np.random.default_rng(21)
    samples = [process.sample(1000.0, rng) for _ in range(40)]
    assert_mean((times.size / 1000.0 for times in samples), process.rate_rps)
    second_moments = (float(np.mean(np.diff(times) ** 2)) for times in samples)
    assert_mean(second_moments, (1 + process.cv**2) / process.rate_rps**2)


@pytest.mark.parametrize("span_s", [0.1, 1.0, 10.0])
def test_index_of_dispersion_of_two_states(span_s: float) -> None:
    # Heffes and Lucantoni, IEEE JSAC 4(6), 1986: variance over mean of the counts.
    (rate_1, rate_2), (stay_1, stay_2) = TWO_STATES.state_rates_rps, TWO_STATES.mean_durations_s
    leave_1, leave_2 = 1 / stay_1, 1 / stay_2
    leave = leave_1 + leave_2
    limit = (2 * leave_1 * leave_2 * (rate_1 - rate_2) ** 2) / (
        leave**2 * (rate_1 * leave_2 + rate_2 * leave_1)
    )
    assert TWO_STATES.dispersion == pytest.approx(1 + limit)
    expected = 1 + limit * (1 + math.expm1(-leave * span_s) / (leave * span_s))

    rng = np.random.default_rng(22)
    mean = TWO_STATES.rate_rps * span_s
    edges = np.arange(0.0, 500.0 + span_s / 2, span_s)
    counts = (np.histogram(TWO_STATES.sample(500.0, rng), edges)[0] for _ in range(60))
    assert_mean((float(np.mean((count - mean) ** 2)) / mean for count in counts), expected)


def test_index_of_dispersion_of_long_windows() -> None:
    rng = np.random.default_rng(27)
    mean = BURSTY.rate_rps * 100
    edges = np.arange(0.0, 20_001.0, 100.0)
    counts = (np.histogram(BURSTY.sample(20_000.0, rng), edges)[0] for _ in range(40))
    found = (float(np.mean((count - mean) ** 2)) / mean for count in counts)
    assert_mean(found, BURSTY.dispersion)


@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)), min_size=1, max_size=6),
    st.floats(0.01, 100),
)
def test_index_of_dispersion_is_that_of_the_matrices(
    states: list[tuple[float, float]], unit: float
) -> None:
    # Fischer and Meier-Hellstern, The MMPP cookbook (1993): with p the states' shares of time,
    # 1 + 2 * (rate - p R (Q + 1 p)**-1 R 1 / rate).
    rates, stays_s = (np.array(column) for column in zip(*states, strict=True))
    generator = np.diag(-1 / stays_s) + np.roll(np.diag(1 / stays_s), 1, axis=1)
    share = stays_s / stays_s.sum()
    rate = float(share @ rates)
    solved = np.linalg.solve(generator + np.outer(np.ones(rates.size), share), rates)
    expected = 1 + 2 * (rate - float(share * rates @ solved) / rate)
    process = Mmpp(tuple(rates.tolist()), tuple(stays_s.tolist()))
    assert process.dispersion == pytest.approx(expected, rel=1e-6)
    scaled = Mmpp(tuple((rates / unit).tolist()), tuple((stays_s * unit).tolist()))
    assert scaled.dispersion == pytest.approx(process.dispersion)


def test_each_second_expects_the_rate_from_the_first_on() -> None:
    rng = np.random.default_rng(23)
    counts = [np.histogram(BURSTY.sample(8.0, rng), [0.0, 1.0, 7.0, 8.0])[0] for _ in range(3000)]
    first, _, last = np.array(counts).T
    assert_mean(first, BURSTY.rate_rps)
    assert_mean(last, BURSTY.rate_rps)


@given(rate=st.floats(0.1, 100), on_s=st.floats(0.01, 100), off_s=st.floats(0.01, 100))
def test_cv_of_an_interrupted_poisson_process(rate: float, on_s: float, off_s: float) -> None:
    # Kuczura, Bell System Technical Journal 52(3), 1973: gaps are hyperexponential.
    leave_on, leave_off = 1 / on_s, 1 / off_s
    expected = math.sqrt(1 + 2 * rate * leave_on / (leave_on + leave_off) ** 2)
    assert Mmpp((rate, 0.0), (on_s, off_s)).cv == pytest.approx(expected, rel=1e-6)
    assert Mmpp((0.0, rate), (off_s, on_s)).cv == pytest.approx(expected, rel=1e-6)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 100)), min_size=1, max_size=6).filter(
        lambda states: any(rate > 0.01 for rate, _ in states)
    ),
    st.floats(0.01, 100),
)
def test_cv_is_one_or_more_and_does_not_change_with_the_unit_of_time(
    states: list[tuple[float, float]], unit: float
) -> None:
    rates, stays_s = zip(*states, strict=True)
    process = Mmpp(rates, stays_s)
    scaled = Mmpp(tuple(rate / unit for rate in rates), tuple(stay * unit for stay in stays_s))
    assert process.cv >= 1 - 1e-9
    assert scaled.cv == pytest.approx(process.cv, rel=1e-6)
    assert scaled.rate_rps * unit == pytest.approx(process.rate_rps)


@pytest.mark.parametrize("process", [Mmpp((7.0,), (3.0,)), Mmpp((7.0, 7.0, 7.0), (3.0, 1.0, 0.1))])
def test_equal_states_are_a_poisson_process(process: Mmpp) -> None:
    assert process.rate_rps == pytest.approx(7.0)
    assert process.cv == pytest.approx(1.0)
    assert process.dispersion == pytest.approx(1.0)
    counts = np.histogram(process.sample(5000.0, np.random.default_rng(24)), np.arange(5001.0))[0]
    assert_mean((counts - 7.0) ** 2 / 7.0, 1.0)


def test_states_follow_one_another_in_listed_order() -> None:
    # Rates so far apart that the number of arrivals in 1 s tells the state; stays are long.
    process = Mmpp((1.0, 20.0, 400.0), (100.0, 100.0, 100.0))
    times = process.sample(30_000.0, np.random.default_rng(25))
    state = np.digitize(np.histogram(times, np.arange(30_001.0))[0], [7, 90])
    steps = np.diff(state[np.flatnonzero(np.diff(state, prepend=-1))]) % 3
    # A second in which the last state gives way to the first may look like the one between.
    assert steps.size > 200
    assert np.mean(steps == 1) > 0.7


def test_a_state_longer_than_the_horizon_is_not_drawn_to_its_end() -> None:
    process = Mmpp((100.0, 50.0), (1e15, 1e15))
    times = process.sample(10.0, np.random.default_rng(26))
    assert 400 < times.size < 1200
