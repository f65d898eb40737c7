"""Attainment over time beside the plan's prediction: by hand, as tables, as a plot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch

from alpaplan.analysis.drift import Drift, drift_of, least_expected
from alpaplan.report.drift import drift_tables
from alpaplan.report.drift_plot import drift_figure
from alpaplan.report.figure import figure_bytes
from alpaplan.simulator.intervals import next_run_interval_95
from alpaplan.specs.plan import Prediction
from tests.report.text import lines_of, rows_of
from tests.simulator.cases import one_server
from tests.workload.statistics import Floats

ARRIVALS = {"source": "sampled", "runs": 10, "run_s": 1000.0, "requests": 10_000}


def prediction(**more: Any) -> Prediction:
    return Prediction.model_validate(
        {"slo_attainment": 0.9, "prediction_interval_95": (0.8, 1.0), "arrivals": ARRIVALS} | more
    )


def drift(predicted: Prediction | None, window_s: float = 10.0) -> Drift:
    """Serve ten alone in the first window, two of four at once in the next, none, one."""
    times_s = [0.5 * n for n in range(10)] + [10.0] * 4 + [30.0]
    case = one_server([0.25], 0.5, times_s, duration_s=40.0)
    return drift_of(case.trace, case.replay(), window_s, predicted)


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
    assert lines_of(drift_tables(found))[-1] == (
        "the plan has no prediction interval to compare with"
    )


def test_windows_below_the_prediction() -> None:
    found = drift(prediction(arrivals=None))
    assert found.below == (1,)
    assert found.to_json_dict()["prediction"] == {
        "slo_attainment_at_least": 0.8,
        "windows_below": 1,
        "first_below_s": 10.0,
    }
    lines = lines_of(drift_tables(found))
    assert rows_of(lines, "Windows of 10 s") == [
        ["0 s", "10", "10", "100.00%", "250 ms"],
        ["10 s", "4", "2", "50.00%", "498 ms", "█" * 20, "below"],
        ["20 s", "0", "0", "-", "-"],
        ["30 s", "1", "1", "100.00%", "250 ms"],
    ]
    assert " ".join(lines[-2:]).endswith(
        "below what the plan predicts (at least 80.00%, the lower end of the 95% prediction "
        "interval of such a window) in 1 of 4 windows, first from 10 s on"
    )


def test_no_window_below() -> None:
    found = drift(prediction(slo_attainment=0.5, prediction_interval_95=(0.4, 0.6), arrivals=None))
    assert found.below == ()
    assert found.to_json_dict()["prediction"]["first_below_s"] is None
    text = " ".join(lines_of(drift_tables(found)))
    assert "no window is below what the plan predicts (at least 40.00%, " in text


def test_bars_show_what_is_missed_however_little() -> None:
    # One of 200 in the first window, and all but two of four in the next.
    times_s = [0.5 * n for n in range(199)] + [99.0, 99.0, 99.0] + [100.0] * 50
    case = one_server([0.25], 0.5, times_s, duration_s=200.0)
    found = drift_of(case.trace, case.replay(), 100.0, None)
    first, second = rows_of(lines_of(drift_tables(found)), "Windows of 100 s")
    assert (first[5], second[5]) == ("█", "█" * 20)


def test_long_tables_are_cut() -> None:
    lines = lines_of(drift_tables(drift(None, window_s=0.1)))
    assert "and 300 more" in [line.strip() for line in lines]


@pytest.mark.parametrize("predicted", [None, prediction(arrivals=None)])
def test_plot(predicted: Prediction | None) -> None:
    found = drift(predicted)
    upper, lower = drift_figure(found).axes
    shown = drawn(upper)
    np.testing.assert_allclose(shown[0], [1.0, 0.5, math.nan, 1.0])
    assert len(shown) == (1 if predicted is None else 2)
    requests, attained = drawn(lower)
    assert requests.tolist() == [1.0, 0.4, 0.0, 0.1]
    assert attained.tolist() == [1.0, 0.2, 0.0, 0.1]
    assert figure_bytes(drift_figure(found), "svg") == figure_bytes(drift_figure(found), "svg")


def drawn(axes: Axes) -> list[Floats]:
    """Return the heights of all stairs."""
    return [
        np.asarray(patch.get_data()[0]) for patch in axes.patches if isinstance(patch, StepPatch)
    ]
