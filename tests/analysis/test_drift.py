"""Attainment over time beside the plan's prediction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alpaplan.analysis.drift import least_expected
from alpaplan.simulator.intervals import next_run_interval_95
from tests.analysis.drifts import drift, prediction


def test_windows_as_long_as_a_run_or_longer_are_held_to_its_interval() -> None:
    assert least_expected(prediction(), 1000.0) == 0.8
    assert least_expected(prediction(), 5000.0) == 0.8
    assert least_expected(prediction(arrivals=None), 10.0) == 0.8


def test_shorter_windows_are_given_more_room() -> None:
    # Half the interval is t * s * sqrt(1 + 1 / 10); a quarter of a run has twice the deviation s.
    unit = 0.1 / math.sqrt(1.1)
    assert least_expected(prediction(), 250.0) == pytest.approx(0.9 - unit * math.sqrt(4.1))
    assert least_expected(prediction(), 1.0) == 0


def test_intervals_of_shorter_windows_hold() -> None:
    """Windows of independent requests: 2.5% of them fall below, whatever their length."""
    rng = np.random.default_rng(0)
    runs = rng.binomial(10_000, 0.9, 10) / 10_000
    interval = next_run_interval_95(runs)
    predicted = prediction(slo_attainment=float(runs.mean()), prediction_interval_95=interval)
    for fraction in (1.0, 0.25, 0.05):
        limit = least_expected(predicted, 1000 * fraction)
        assert limit is not None
        num_requests = round(10_000 * fraction)
        windows = rng.binomial(num_requests, 0.9, 20_000) / num_requests
        # The deviation is known from ten runs only.
        assert 0.002 < float(np.mean(windows < limit)) < 0.08


def test_without_a_prediction_there_is_nothing_to_compare_with() -> None:
    assert least_expected(None, 10.0) is None
    assert least_expected(prediction(prediction_interval_95=None), 10.0) is None
    found = drift(None)
    assert (found.at_least, found.below) == (None, ())
    assert found.to_json_dict()["prediction"] is None


def test_windows_below_the_prediction() -> None:
    found = drift(prediction(arrivals=None))
    assert found.below == (1,)
    assert found.to_json_dict()["prediction"] == {
        "slo_attainment_at_least": 0.8,
        "windows_below": 1,
        "first_below_s": 10.0,
    }
    assert found.missed == (0.0, 0.5, 0.0, 0.0)


def test_no_window_below() -> None:
    found = drift(prediction(slo_attainment=0.5, prediction_interval_95=(0.4, 0.6), arrivals=None))
    assert found.below == ()
    assert found.to_json_dict()["prediction"]["first_below_s"] is None
