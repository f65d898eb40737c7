"""The plot of `alpaplan workload stats`: rates over time, and burstiness at every time scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alpaplan.report.figure import COLORS, new_figure, plain_label
from alpaplan.workload.statistics import (
    MIN_WINDOWS,
    dispersion_of_counts,
    observed_from_s,
    rates_over_time,
)
from alpaplan.workload.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_LINES = 6
"""Models with lines of their own, the busiest ones: as many as colors are easy to tell apart."""

NUM_PARTS = 120
"""Most parts of the time whose rates are drawn; none is shorter than `MIN_PART_S`."""

MIN_PART_S = 1.0
"""Shortest part of the time whose rate is drawn (seconds; 0.1 to 60)."""

SHORTEST_WINDOW_S = 0.1
"""Shortest window whose index of dispersion is drawn (seconds; 0.01 to 1)."""

WINDOWS_PER_DECADE = 8
"""Points of the curves of the index of dispersion."""


def traffic_figure(trace: Trace, title: str) -> Figure:
    """Draw a trace: above the rates over time, below the index of dispersion over the window.

    Parameters
    ----------
    trace
        Of a time above 0.
    title
        Above the plot.
    """
    figure = new_figure(8.0, 7.0)
    above, below = figure.subplots(2, 1)
    busiest = np.argsort(-trace.requests_per_model(), kind="stable")[:MAX_LINES].tolist()
    figure.suptitle(plain_label(title))
    _draw_rates(above, trace, busiest)
    _draw_dispersion(below, trace, busiest)
    return figure


def _draw_rates(axes: Axes, trace: Trace, busiest: list[int]) -> None:
    num_parts = int(np.clip(trace.duration_s / MIN_PART_S, 1, NUM_PARTS))
    edges_s = observed_from_s(trace) + np.linspace(0, trace.duration_s, num_parts + 1)
    unit_s, unit = _time_unit(trace.duration_s)
    rates = rates_over_time(trace, num_parts)
    axes.stairs(rates.sum(axis=0), edges_s / unit_s, fill=True, color="#dddddd", label="all models")
    if len(trace.model_names) > 1:
        for color, model in zip(COLORS, busiest, strict=False):
            label = plain_label(trace.model_names[model])
            axes.stairs(rates[model], edges_s / unit_s, color=color, linewidth=1.2, label=label)
    axes.set_xlabel(f"time ({unit})")
    axes.set_ylabel("requests per second")
    axes.set_xlim(edges_s[0] / unit_s, edges_s[-1] / unit_s)
    axes.set_ylim(bottom=0)
    part = trace.duration_s / num_parts
    axes.set_title(f"rate in {num_parts} windows of {part:.3g} s", fontsize="medium")
    _legend(axes)


def _draw_dispersion(axes: Axes, trace: Trace, busiest: list[int]) -> None:
    windows_s = _window_lengths(trace.duration_s)
    together = dispersion_of_counts(trace, np.zeros_like(trace.model), 1, windows_s)[:, 0]
    _curve(axes, windows_s, together, "#666666", "all models", 2.4)
    if len(trace.model_names) > 1:
        each = dispersion_of_counts(trace, trace.model, len(trace.model_names), windows_s)
        for color, model in zip(COLORS, busiest, strict=False):
            label = plain_label(trace.model_names[model])
            _curve(axes, windows_s, each[:, model], color, label, 1.2)
    axes.axhline(1.0, color="black", linestyle="--", linewidth=1, label="Poisson")
    axes.set_xscale("log")
    axes.set_yscale("log")
    # Said, since there may be no curve: a short trace has no window often enough.
    axes.set_xlim(windows_s[0] / 1.4, windows_s[-1] * 1.4)
    axes.set_xlabel("window (s)")
    axes.set_ylabel("index of dispersion")
    axes.set_title("variance over mean of the counts in windows", fontsize="medium")
    _legend(axes)


def _curve(
    axes: Axes,
    windows_s: Sequence[float],
    index: NDArray[np.float64],
    color: str,
    label: str,
    width: float,
) -> None:
    drawn = index > 0  # neither what is not known nor what a logarithm cannot show
    axes.plot(
        np.array(windows_s)[drawn],
        index[drawn],
        color=color,
        linewidth=width,
        marker=".",
        label=label,
    )


def _window_lengths(duration_s: float) -> list[float]:
    longest_s = max(duration_s / MIN_WINDOWS, SHORTEST_WINDOW_S)
    num_steps = int(np.log10(longest_s / SHORTEST_WINDOW_S) * WINDOWS_PER_DECADE) + 1
    return [SHORTEST_WINDOW_S * 10 ** (step / WINDOWS_PER_DECADE) for step in range(num_steps)]


def _time_unit(duration_s: float) -> tuple[float, str]:
    for unit_s, unit in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if duration_s >= 3 * unit_s:
            return unit_s, unit
    return 1.0, "s"


def _legend(axes: Axes) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")
