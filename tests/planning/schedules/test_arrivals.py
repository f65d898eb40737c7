"""Processes of models in windows of time, stated and measured."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.schedules.arrivals import (
    NO_RATE_RPS,
    in_window,
    period_s,
    with_measured_windows,
)
from alpaplan.specs.arrivals import GammaArrivals, PiecewiseArrivals, PoissonArrivals
from alpaplan.workload.trace import Trace
from tests import builders as make

STATED = {
    "process": "piecewise",
    "windows": [
        {"duration_s": 100, "arrivals": {"process": "poisson", "rate_rps": 1}},
        {"duration_s": 50},
        {"duration_s": 50, "arrivals": {"process": "poisson", "rate_rps": 3}},
    ],
}


def inputs_of(*models: dict[str, object]) -> Inputs:
    return Inputs.of_specs(make.cluster(), make.workload(*models), {"p": make.profile()})


def test_windows_of_a_model_are_cut_to_those_of_the_schedule() -> None:
    inputs = inputs_of(make.model("a", arrivals=STATED), make.model("b", rate_rps=7.0))
    assert period_s(inputs, None) == 200
    a, b = in_window(inputs, 60.0, 180.0).workload.models
    assert isinstance(a.arrivals, PiecewiseArrivals)
    found = [
        (window.duration_s, None if window.arrivals is None else window.arrivals.share_rps(0, 1))
        for window in a.arrivals.windows
        if not hasattr(window.arrivals, "states")
    ]
    assert found == [(40.0, 1.0), (50.0, None), (30.0, 3.0)]
    assert isinstance(b.arrivals, PoissonArrivals)
    # The period comes again.
    again = in_window(inputs, 200.0, 300.0).workload.models[0].arrivals
    assert again == PoissonArrivals(process="poisson", rate_rps=1)
    silent = in_window(inputs, 110.0, 140.0).workload.models[0].arrivals
    assert silent == PoissonArrivals(process="poisson", rate_rps=NO_RATE_RPS)


def test_nothing_changes_without_windows() -> None:
    assert period_s(inputs_of(make.model("a")), None) is None


def test_recorded_arrivals_become_the_rate_and_cv_of_each_window() -> None:
    inputs = inputs_of(make.model("a"), make.model("b"))
    times_s = np.array([1.0, 2.0, 4.0, 5.0, 12.0])
    trace = Trace(times_s, np.zeros(5, dtype=np.int32), ("a", "b"), 11.0)
    assert period_s(inputs, trace) == np.nextafter(12.0, 13.0)
    measured = with_measured_windows(inputs, trace, (0.0, 10.0, 20.0))
    a, b = (model.arrivals for model in measured.workload.models)
    assert isinstance(a, PiecewiseArrivals)
    first, second = (window.arrivals for window in a.windows)
    assert isinstance(first, GammaArrivals)
    assert first.rate_rps == pytest.approx(0.4)
    assert first.cv == pytest.approx(np.std([1, 2, 1]) / np.mean([1, 2, 1]))
    assert isinstance(second, GammaArrivals)
    assert (second.rate_rps, second.cv) == (0.1, 1.0)
    assert b == PoissonArrivals(process="poisson", rate_rps=NO_RATE_RPS)
    assert not measured.workload.recorded
