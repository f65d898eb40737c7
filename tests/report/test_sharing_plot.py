"""The plot of tolerable overheads."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.analysis.queueing.pooling import largest_alpha, largest_beta
from alpaplan.report.figure import figure_bytes
from alpaplan.report.sharing_plot import overheads_figure
from tests import builders as make
from tests.analysis.sharings import analysis_of, gamma, profile_of

PROFILE = profile_of((1, [0.1]), (1, [0.052, 0.056]), (1, [0.025] * 4))


def test_curves_and_markers() -> None:
    analysis = analysis_of(make.model(arrivals=gamma(16.0, 4.0)), profiles=(PROFILE,))
    left, right = overheads_figure(analysis).axes
    solid = [line for line in left.lines if line.get_label() in ("2 stages", "4 stages")]
    dashed = [line for line in left.lines if line.get_linestyle() == "--"]
    for line, burstier, uneven, length in zip(solid, dashed, right.lines[::2], (2, 4), strict=True):
        load = np.asarray(line.get_xdata(), dtype=np.float64)
        assert np.allclose(line.get_ydata(), largest_alpha(load, length) - 1)
        assert np.allclose(burstier.get_ydata(), largest_alpha(load, length, 16.0) - 1)
        assert np.allclose(uneven.get_ydata(), largest_beta(load, length) - 1)
    markers = [np.asarray(marks.get_offsets()).tolist() for marks in left.collections[:2]]
    # One without overhead is put on the axis.
    assert markers == [[[0.4, pytest.approx(0.08)]], [[0.4, pytest.approx(0.001)]]]
    uneven_mark = np.asarray(right.collections[0].get_offsets()).tolist()
    assert uneven_mark == [[0.4, pytest.approx(0.112 / 0.108 - 1)]]


@pytest.mark.slow
def test_the_same_bytes_each_time() -> None:
    analysis = analysis_of(make.model(), profiles=(PROFILE,))
    first, again = (figure_bytes(overheads_figure(analysis), "svg") for _ in range(2))
    assert first == again


def test_without_pipelines_and_overloaded_there_is_something_to_see() -> None:
    wild = {"process": "pareto", "rate_rps": 100.0, "shape": 1.5}
    analysis = analysis_of(make.model(arrivals=wild), profiles=(profile_of((1, [0.1])),))
    left, _ = overheads_figure(analysis).axes
    assert not [line for line in left.lines if line.get_linestyle() == "--"]
    assert figure_bytes(overheads_figure(analysis), "svg").startswith(b"<?xml")
