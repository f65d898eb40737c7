"""Waits against simulations, and against what is known of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.analysis.queueing.waits import (
    allen_cunneen_wait_s,
    md1_wait_s,
    merged_variability,
    mg1_wait_s,
    mixed_service,
    wait_quantile_s,
)
from tests.analysis.queueing.simulated import (
    NUM_WARM_UP,
    lindley_waits_s,
    poisson_times_s,
    simulated_latencies_s,
)
from tests.workload.statistics import assert_mean

LOADS = st.floats(0.01, 0.99)
SERVICES_S = st.floats(0.001, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.3, 0.7])
def test_m_d_1_of_the_simulator_and_of_the_recursion(load: float) -> None:
    service_s = 0.25
    simulated, recursive = [], []
    for seed in range(20):
        times_s = poisson_times_s(np.random.default_rng(seed), load / service_s)
        latency_s = simulated_latencies_s([[service_s]], times_s, [0] * times_s.size)
        gaps_s = np.diff(times_s, prepend=0.0).tolist()
        waits_s = lindley_waits_s(gaps_s, [service_s] * times_s.size)
        # The simulator holds stage latencies in single precision.
        np.testing.assert_allclose(latency_s - service_s, waits_s, rtol=0, atol=1e-6)
        simulated.append(float(latency_s[NUM_WARM_UP:].mean()) - service_s)
        recursive.append(float(np.mean(waits_s[NUM_WARM_UP:])))
    expected_s = float(md1_wait_s(load, service_s))
    assert_mean(simulated, expected_s)
    assert_mean(recursive, expected_s)


def test_m_g_1_of_a_device_that_two_models_share() -> None:
    rates_rps, services_s = np.array([3.0, 0.4]), np.array([0.125, 0.75])
    mean_s, scv = mixed_service(rates_rps, services_s)
    load = float(rates_rps.sum()) * mean_s
    simulated, recursive = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        times_s = poisson_times_s(rng, float(rates_rps.sum()))
        model = (rng.random(times_s.size) < 0.4 / 3.4).astype(int)
        own_s = services_s[model]
        latency_s = simulated_latencies_s([[0.125], [0.75]], times_s, model.tolist())
        simulated.append(float((latency_s - own_s)[NUM_WARM_UP:].mean()))
        waits_s = lindley_waits_s(np.diff(times_s, prepend=0.0).tolist(), own_s.tolist())
        recursive.append(float(np.mean(waits_s[NUM_WARM_UP:])))
    assert_mean(simulated, float(mg1_wait_s(load, mean_s, scv)))
    assert_mean(recursive, float(mg1_wait_s(load, mean_s, scv)))


def test_d_d_1_never_waits() -> None:
    times_s = np.arange(1000, dtype=np.float64) * 0.25
    assert (simulated_latencies_s([[0.25]], times_s, [0] * 1000) == 0.25).all()
    assert allen_cunneen_wait_s(1.0, 0.25, 0.0, 0.0) == 0
    assert allen_cunneen_wait_s(np.array([0.2, 0.9]), 0.25, 0.0, 0.0).tolist() == [0, 0]
    assert allen_cunneen_wait_s(1.01, 0.25, 0.0, 0.0) == math.inf


@pytest.mark.parametrize("cv", [0.7, 2.0])
def test_allen_cunneen_in_heavy_traffic(cv: float) -> None:
    # An approximation: a tenth is what it is good for at 90%, and more than the noise.
    waits_s = []
    for seed in range(10):
        gaps_s = np.random.default_rng(seed).gamma(cv**-2, cv**2 / 0.9, 100_000)
        waits_s.append(np.mean(lindley_waits_s(gaps_s.tolist(), [1.0] * gaps_s.size)))
    expected_s = float(allen_cunneen_wait_s(0.9, 1.0, cv**2, 0.0))
    assert float(np.mean(waits_s)) == pytest.approx(expected_s, rel=0.1)


@pytest.mark.parametrize(("load", "cv"), [(0.2, 1.0), (0.5, 1.0), (0.8, 1.0), (0.5, 4.0)])
def test_the_99_percent_point_is_a_little_too_long(load: float, cv: float) -> None:
    points_s = []
    for seed in range(5):
        gaps_s = np.random.default_rng(seed).gamma(cv**-2, cv**2 / load, 100_000)
        waits_s = lindley_waits_s(gaps_s.tolist(), [1.0] * gaps_s.size)
        points_s.append(np.percentile(waits_s, 99))
    mean_s = allen_cunneen_wait_s(load, 1.0, cv**2, 0.0)
    found_s = float(np.mean(points_s))
    assert 0.98 * found_s < float(wait_quantile_s(mean_s, load, 0.99)) < 1.4 * found_s


@given(load=LOADS, service_s=SERVICES_S, scv=st.floats(0, 100))
def test_formulas_are_special_cases_of_one_another(
    load: float, service_s: float, scv: float
) -> None:
    poisson_s = float(mg1_wait_s(load, service_s, scv))
    assert float(allen_cunneen_wait_s(load, service_s, 1.0, scv)) == poisson_s
    # As the books write them: with the second moment, and with rate and service.
    rate_rps = load / service_s
    second_moment = (1 + scv) * service_s**2
    assert poisson_s == pytest.approx(rate_rps * second_moment / (2 * (1 - load)))
    assert float(md1_wait_s(load, service_s)) == pytest.approx(
        rate_rps * service_s**2 / (2 * (1 - rate_rps * service_s))
    )
    # Exponential service: M/M/1.
    assert float(mg1_wait_s(load, service_s, 1.0)) == pytest.approx(load * service_s / (1 - load))


@given(load=LOADS, more=st.floats(0, 1), service_s=SERVICES_S, scv=st.floats(0.01, 100))
def test_waits_grow_with_load_and_variability(
    load: float, more: float, service_s: float, scv: float
) -> None:
    wait_s = allen_cunneen_wait_s(load, service_s, scv, 0.0)
    higher = load + more * (1 - load)
    assert allen_cunneen_wait_s(higher, service_s, scv, 0.0) >= wait_s
    assert allen_cunneen_wait_s(load, service_s, scv + more, 0.0) >= wait_s
    assert wait_quantile_s(wait_s, load, 0.99) >= wait_quantile_s(wait_s, load, 0.9)


@given(load=LOADS, service_s=SERVICES_S)
def test_the_quantile_of_m_m_1_is_exact(load: float, service_s: float) -> None:
    # P(W > t) = rho * exp(-(1 - rho) * t / service): Kleinrock I, section 5.7.
    wait_s = float(wait_quantile_s(mg1_wait_s(load, service_s, 1.0), load, 0.95))
    if load <= 0.05:
        assert wait_s == 0
    else:
        assert load * math.exp(-(1 - load) * wait_s / service_s) == pytest.approx(0.05)


def test_at_the_limits() -> None:
    loads = np.array([0.0, 0.5, 1.0, 1.5])
    assert md1_wait_s(loads, 2.0).tolist() == [0.0, 1.0, math.inf, math.inf]
    assert wait_quantile_s(md1_wait_s(loads, 2.0), loads, 0.99).tolist() == [
        0.0,
        pytest.approx(2 * math.log(50)),
        math.inf,
        math.inf,
    ]
    assert allen_cunneen_wait_s(0.5, 1.0, math.inf, 0.0) == math.inf


@given(
    st.lists(
        st.tuples(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(0, 50)),
        min_size=1,
        max_size=5,
    )
)
def test_merged_streams(streams: list[tuple[float, float, float]]) -> None:
    rates_rps, services_s, dispersion = (np.array(column) for column in zip(*streams, strict=True))
    _, scv = mixed_service(rates_rps, services_s)
    of_poisson = merged_variability(rates_rps, services_s, np.ones(rates_rps.size))
    assert of_poisson == pytest.approx(1 + scv)
    # Equal service times: the mean of the dispersions, weighted with the rates.
    same = merged_variability(rates_rps, np.full(rates_rps.size, 3.0), dispersion)
    assert same == pytest.approx(np.average(dispersion, weights=rates_rps))
    split = merged_variability(
        np.concatenate([rates_rps, rates_rps]) / 2,
        np.concatenate([services_s, services_s]),
        np.concatenate([dispersion, dispersion]),
    )
    assert split == pytest.approx(merged_variability(rates_rps, services_s, dispersion))
