"""AlpaServe's section 3.4: against its curves, against simulations, and in its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpaplan.analysis.queueing.pooling import (
    largest_alpha,
    largest_beta,
    paying_utilizations,
    pipeline_latency,
    pipeline_pays,
    separate_latency,
)
from tests.analysis.queueing.simulated import (
    NUM_REQUESTS,
    NUM_WARM_UP,
    poisson_times_s,
    simulated_latencies_s,
)
from tests.workload.statistics import assert_mean

LOADS = st.floats(0.001, 0.999)
DEVICES = st.integers(2, 64)
DISPERSIONS = st.floats(0.1, 300)


@pytest.mark.slow
def test_two_models_on_two_devices_simulated() -> None:
    """Both sides of the comparison, in seconds, with a pipeline that has both overheads."""
    alone_s, stages_s, load = 0.25, [0.125, 0.15625], 0.7
    rate_rps = 2 * load / alone_s
    separate, pooled = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        times_s = poisson_times_s(rng, rate_rps)
        model = (rng.random(NUM_REQUESTS) < 0.5).astype(int)
        own_s = times_s[model == 0]
        on_one = simulated_latencies_s([[alone_s]], own_s, [0] * own_s.size)
        on_both = simulated_latencies_s([stages_s, stages_s], times_s, model.tolist())
        separate.append(float(on_one[NUM_WARM_UP:].mean()))
        pooled.append(float(on_both[NUM_WARM_UP:].mean()))
    alpha, beta = sum(stages_s) / alone_s, 2 * max(stages_s) / alone_s
    assert_mean(separate, alone_s * float(separate_latency(load)))
    assert_mean(pooled, alone_s * float(pipeline_latency(load, 2, alpha, beta)))


@given(rate=st.floats(0.01, 1.99))
def test_latencies_are_the_paper_s(rate: float) -> None:
    # D = 1, so that the rate is lambda * D.
    assert float(separate_latency(rate / 2)) == pytest.approx(1 + rate / (4 - 2 * rate))
    assert float(pipeline_latency(rate / 2, 2, 1.0, 1.0)) == pytest.approx(
        1 + rate / (8 - 4 * rate)
    )


@given(rate=st.floats(0.05, 1.95))
def test_curves_are_the_paper_s(rate: float) -> None:
    """Its closed forms for two devices, solved anew from both latencies as printed."""
    separate = 1 + rate / (4 - 2 * rate)
    alpha, beta = float(largest_alpha(rate / 2, 2)), float(largest_beta(rate / 2, 2))
    slowest = alpha / 2
    assert alpha + rate * slowest**2 / (2 * (1 - rate * slowest)) == pytest.approx(separate)
    slowest = beta / 2
    assert 1 + rate * slowest**2 / (2 * (1 - rate * slowest)) == pytest.approx(separate)


def test_values_read_off_the_curves() -> None:
    assert float(largest_beta(0.0, 2)) == pytest.approx(np.sqrt(2))
    assert float(largest_beta(0.0, 16)) == pytest.approx(4)
    assert float(largest_beta(0.5, 2)) == pytest.approx(np.sqrt(5) - 1)
    assert largest_alpha(np.array([0.0, 1 - 1e-9]), 2) == pytest.approx(np.ones(2), abs=1e-6)
    assert largest_beta(np.array([1 - 1e-9]), 8) == pytest.approx(np.ones(1), abs=1e-6)
    # Communication costs at every load, so that it may cost most in the middle.
    curve = largest_alpha(np.linspace(0, 0.999, 100), 2)
    assert 20 < int(curve.argmax()) < 80


@given(load=LOADS, num_devices=DEVICES, dispersion=DISPERSIONS)
def test_a_pipeline_without_overhead_always_pays(
    load: float, num_devices: int, dispersion: float
) -> None:
    assert pipeline_pays(load, num_devices, 1.0, 1.0, dispersion)
    assert float(largest_alpha(load, num_devices, dispersion)) >= 1
    assert float(largest_beta(load, num_devices)) >= 1
    assert paying_utilizations(num_devices, 1.0, 1.0, dispersion) == (0.0, 1.0)


@given(load=LOADS, num_devices=DEVICES, dispersion=DISPERSIONS)
def test_the_largest_overheads_are_where_it_stops_to_pay(
    load: float, num_devices: int, dispersion: float
) -> None:
    alpha = float(largest_alpha(load, num_devices, dispersion))
    beta = float(largest_beta(load, num_devices))
    below, above = 1 - 1e-7, 1 + 1e-7
    assert pipeline_pays(load, num_devices, alpha * below, alpha * below, dispersion)
    assert not pipeline_pays(load, num_devices, alpha * above, alpha * above, dispersion)
    assert pipeline_pays(load, num_devices, 1.0, beta * below, dispersion)
    assert not pipeline_pays(load, num_devices, 1.0, beta * above, dispersion)


@given(load=LOADS, more=st.floats(0, 1), num_devices=DEVICES, dispersion=DISPERSIONS)
def test_more_devices_and_bursts_repay_more_and_load_allows_less_unevenness(
    load: float, more: float, num_devices: int, dispersion: float
) -> None:
    alpha = float(largest_alpha(load, num_devices, dispersion))
    assert float(largest_alpha(load, 2 * num_devices, dispersion)) >= alpha * (1 - 1e-9)
    assert float(largest_alpha(load, num_devices, dispersion * 2)) >= alpha * (1 - 1e-9)
    higher = load + more * (1 - load) / 2
    beta = float(largest_beta(load, num_devices))
    assert float(largest_beta(higher, num_devices)) <= beta * (1 + 1e-9)


@example(num_devices=3, alpha=1 + 2**-52, uneven=1.0, dispersion=1.0)
@given(
    num_devices=DEVICES,
    alpha=st.floats(1.0, 1.5),
    uneven=st.floats(1.0, 1.5),
    dispersion=DISPERSIONS,
)
def test_where_it_pays_is_what_the_latencies_say(
    num_devices: int, alpha: float, uneven: float, dispersion: float
) -> None:
    beta = alpha * uneven
    loads = np.linspace(0.0005, 0.9995, 1000)
    pays = pipeline_pays(loads, num_devices, alpha, beta, dispersion)
    found = paying_utilizations(num_devices, alpha, beta, dispersion)
    low, high = (2.0, 2.0) if found is None else found
    # At the limits themselves rounding decides.
    inside = (loads > low + 1e-6) & (loads < high - 1e-6)
    outside = (loads < low - 1e-6) | (loads > high + 1e-6)
    assert pays[inside].all()
    assert not pays[outside].any()


def test_known_ranges() -> None:
    assert paying_utilizations(2, 1.5, 1.5) is None
    assert paying_utilizations(4, 1.02, 1.05) == pytest.approx((0.0524, 0.9354), abs=1e-4)
    # Stages measured a little shorter together than the whole.
    assert paying_utilizations(4, 0.999, 0.999) == (0.0, 1.0)
