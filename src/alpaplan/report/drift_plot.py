"""What `alpaplan simulate --window --plot` draws: attainment and load over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alpaplan.analysis.drift import Drift
from alpaplan.report.figure import COLORS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drift_figure(drift: Drift) -> Figure:
    """Return attainment by window with the least that the plan predicts, above the load."""
    from matplotlib.ticker import FuncFormatter

    figure = new_figure(8.0, 4.5)
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [2, 1]})
    edges_s = np.array([*(window.start_s for window in drift.windows), drift.windows[-1].end_s])
    length_s = np.diff(edges_s)
    attainment = np.array([window.slo_attainment for window in drift.windows])
    upper.stairs(attainment, edges_s, baseline=None, color=COLORS[0], label="attained", linewidth=2)
    if drift.at_least is not None:
        label = "least that the plan predicts (95%)"
        limits = np.array(drift.at_least)
        style = {"color": COLORS[5], "linestyle": "--", "linewidth": 1}
        upper.stairs(limits, edges_s, baseline=None, label=label, **style)
        for index in drift.below:
            upper.axvspan(*edges_s[index : index + 2], color=COLORS[5], alpha=0.12, linewidth=0)
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    upper.set_ylabel("SLO attainment")
    upper.legend(fontsize=9)
    requests = np.array([window.requests for window in drift.windows], dtype=np.float64)
    attained = np.array([window.attained for window in drift.windows], dtype=np.float64)
    per_second = np.where(length_s > 0, length_s, np.nan)
    lower.stairs(requests / per_second, edges_s, baseline=None, color=COLORS[6], label="requests")
    lower.stairs(attained / per_second, edges_s, baseline=None, color=COLORS[0], label="attained")
    lower.set_ylim(bottom=0)
    lower.set_ylabel("requests/s")
    lower.set_xlabel("time of arrival, s")
    lower.legend(fontsize=9, loc="lower left")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.margins(x=0)
    return figure
