"""The plot of attainment and load over time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch

from alpaplan.report.drift_plot import drift_figure
from alpaplan.report.figure import figure_bytes
from alpaplan.specs.prediction import Prediction
from tests.analysis.drifts import drift, prediction
from tests.workload.statistics import Floats


@pytest.mark.slow
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
