"""Queues whose answer is known: D/D/1, tandems, M/D/1, the utilization law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alpaplan.simulator import summarize
from alpaplan.specs.choices import Dispatch
from tests.simulator.cases import COMPILED, RULES, one_server

NO_LIMIT_S = 1e9
"""An objective that admits everything."""


@pytest.mark.parametrize("rule", RULES)
def test_d_d_1_below_capacity_never_waits(rule: Dispatch) -> None:
    case = one_server([0.25], NO_LIMIT_S, [0.25 * n for n in range(100)]).ruled_by(rule)
    assert case.replay().latency_s.tolist() == [0.25] * 100


@pytest.mark.parametrize("rule", RULES)
def test_d_d_1_above_capacity_waits_longer_each_time(rule: Dispatch) -> None:
    case = one_server([0.25], NO_LIMIT_S, [0.125 * n for n in range(100)]).ruled_by(rule)
    assert case.replay().latency_s.tolist() == [0.25 + 0.125 * n for n in range(100)]


@pytest.mark.parametrize("rule", RULES)
def test_d_d_1_with_a_deadline_serves_at_capacity(rule: Dispatch) -> None:
    # Two arrivals for each service: after the queue is full, every second one is turned away.
    case = one_server([0.25], 0.5, [0.125 * n for n in range(200)]).ruled_by(rule)
    latency_s = case.replay().latency_s
    assert latency_s[:4].tolist() == [0.25, 0.375, 0.5, pytest.approx(math.nan, nan_ok=True)]
    assert latency_s[2::2].tolist() == [0.5] * 99
    assert np.isnan(latency_s[3::2]).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_finish_at_the_deadline_is_in_time(rule: Dispatch) -> None:
    assert one_server([0.25, 0.5], 0.75, [0.0]).ruled_by(rule).replay().latency_s.tolist() == [0.75]
    assert np.isnan(one_server([0.25, 0.5], 0.625, [0.0]).ruled_by(rule).replay().latency_s).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_tandem_waits_for_its_slowest_stage(rule: Dispatch) -> None:
    stages_s = [0.25, 0.5, 0.125]
    case = one_server(stages_s, NO_LIMIT_S, [0.25 * n for n in range(50)]).ruled_by(rule)
    expected = [sum(stages_s) + n * (max(stages_s) - 0.25) for n in range(50)]
    assert case.replay().latency_s.tolist() == expected


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("load", [0.5, 0.8])
def test_m_d_1_mean_wait(rule: Dispatch, load: float) -> None:
    """Pollaczek-Khinchine: mean wait = load * service / (2 * (1 - load)) for fixed service times.

    Kleinrock, Queueing Systems I (1975), section 5.6. The tolerance is four standard errors of
    20 replications; each starts empty, so its first requests are left out.
    """
    num_requests = 40_000 if COMPILED else 2_000
    service_s = 0.25
    waits_s = []
    for seed in range(20):
        gaps_s = np.random.default_rng(seed).exponential(service_s / load, num_requests)
        case = one_server([service_s], NO_LIMIT_S, np.cumsum(gaps_s).tolist()).ruled_by(rule)
        waits_s.append(float(case.replay().latency_s[200:].mean()) - service_s)
    standard_error_s = float(np.std(waits_s, ddof=1)) / math.sqrt(len(waits_s))
    expected_s = load * service_s / (2 * (1 - load))
    assert abs(float(np.mean(waits_s)) - expected_s) < 4 * standard_error_s
    assert standard_error_s < 0.1 * expected_s


def test_utilization_law() -> None:
    """Utilization = throughput * service time.

    Denning and Buzen, The operational analysis of queueing network models (1978), section 3.
    """
    gaps_s = np.random.default_rng(0).exponential(0.5, 2_000)
    times_s = np.cumsum(gaps_s).tolist()
    case = one_server([0.25, 0.375], 2.0, times_s, duration_s=times_s[-1] + 10)
    replay = case.replay()
    summary = summarize(case.problem, case.placement, case.trace, replay)
    assert summary.goodput_rps == pytest.approx(summary.attained / (times_s[-1] + 10))
    mean_stage_s = (0.25 + 0.375) / 2
    assert summary.groups[0].utilization == pytest.approx(summary.goodput_rps * mean_stage_s)
