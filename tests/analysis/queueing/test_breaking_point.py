"""The largest utilization and the fewest servers for an objective."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alpaplan.analysis.queueing.breaking_point import (
    breaking_utilization,
    servers_needed,
    wait_s,
)

SLACKS_S = st.floats(1e-3, 1e3)
SERVICES_S = st.floats(1e-2, 1e2)
VARIABILITIES = st.floats(0.01, 300)
QUANTILES = st.sampled_from([None, 0.5, 0.9, 0.99])


@given(slack_s=SLACKS_S, service_s=SERVICES_S, variability=VARIABILITIES, quantile=QUANTILES)
def test_it_is_the_root(
    slack_s: float, service_s: float, variability: float, quantile: float | None
) -> None:
    found = float(breaking_utilization(slack_s, service_s, variability, quantile))
    assert 0 < found < 1
    assert float(wait_s(found - 1e-9, service_s, variability, quantile)) <= slack_s * (1 + 1e-6)
    assume(found < 1 - 1e-6)
    assert float(wait_s(found + 1e-6, service_s, variability, quantile)) > slack_s * (1 - 1e-6)


@given(slack_s=SLACKS_S, service_s=SERVICES_S, variability=VARIABILITIES, more=st.floats(1, 10))
def test_looser_objectives_and_steadier_arrivals_allow_more(
    slack_s: float, service_s: float, variability: float, more: float
) -> None:
    for quantile in (None, 0.99):
        found = float(breaking_utilization(slack_s, service_s, variability, quantile))
        looser = breaking_utilization(slack_s * more, service_s, variability, quantile)
        burstier = breaking_utilization(slack_s, service_s, variability * more, quantile)
        assert float(looser) >= found - 1e-12
        assert float(burstier) <= found + 1e-12


def test_known_points() -> None:
    # M/D/1 with a slack of one service time: rho / (2 * (1 - rho)) = 1.
    assert float(breaking_utilization(1.0, 1.0, 1.0)) == pytest.approx(2 / 3)
    assert breaking_utilization(np.array([-1e-9, 0.0, 1.0]), 1.0, 1.0).tolist() == [
        0.0,
        0.0,
        pytest.approx(2 / 3),
    ]
    assert breaking_utilization(0.0, 1.0, 0.0) == 1
    # Without slack one in a hundred may wait at all.
    assert float(breaking_utilization(0.0, 1.0, 1.0, 0.99)) == pytest.approx(0.01)
    assert float(breaking_utilization(0.0, 1.0, 0.0, 0.99)) == pytest.approx(1.0)
    assert breaking_utilization(-1.0, 1.0, 1.0, 0.99) == 0
    assert math.isnan(float(breaking_utilization(1.0, 1.0, math.inf)))
    assert math.isnan(float(breaking_utilization(-1.0, 1.0, math.nan, 0.99)))


@given(
    slack_s=st.floats(0.01, 100),
    load=st.floats(0.01, 50),
    variability=st.floats(0, 100),
    quantile=QUANTILES,
)
@example(slack_s=1.0, load=49.0, variability=4.7e-210, quantile=None)  # 49 * (1 / 49) is below 1
def test_servers_are_the_fewest_that_suffice(
    slack_s: float, load: float, variability: float, quantile: float | None
) -> None:
    found = float(servers_needed(slack_s, 1.0, load, variability, quantile))
    num_servers = 1
    while float(wait_s(load / num_servers, 1 / num_servers, variability, quantile)) > slack_s:
        num_servers += 1
    assert found == num_servers


@pytest.mark.parametrize("servers", [49.0, 98.0, 103.0, 107.0])
def test_servers_that_are_busy_all_the_time_are_too_few(servers: float) -> None:
    # Next to no variation: any spare time is enough, but none is not.
    assert servers_needed(1.0, 1.0, servers, 1e-200) == servers + 1
    assert servers_needed(1.0, 0.25, 4 * servers, 1e-200, 0.99) == servers + 1


def test_servers_where_no_number_suffices() -> None:
    slacks_s = np.array([-0.1, 1.0, 1.0, 0.0, 0.0, 1.0])
    varies = np.array([1.0, math.inf, math.nan, 1.0, 0.0, 1.0])
    found = servers_needed(slacks_s, 1.0, 2.0, varies)
    assert np.isnan(found).tolist() == [True, True, True, True, False, False]
    # All of two servers' time is enough where nothing varies.
    assert found[4:].tolist() == [2.0, 3.0]
