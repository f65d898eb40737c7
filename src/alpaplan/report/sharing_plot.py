"""What `alpaplan analyze --plot` draws: the overheads that pooling repays, and the profiles'."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from alpaplan.analysis.pipelines import ProfiledPipeline
from alpaplan.analysis.queueing.pooling import largest_alpha, largest_beta
from alpaplan.analysis.sharing import SharingAnalysis
from alpaplan.report.figure import COLORS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOADS = np.linspace(0.001, 0.999, 500)
"""Utilizations that curves are drawn for (a fraction; the open interval from 0 to 1)."""

_LOWEST = 0.001
"""Least overhead shown (a fraction; 0.0001 to 0.01): less than that is lost in measurements."""


def overheads_figure(analysis: SharingAnalysis) -> Figure:
    """Return the largest overheads that pooling repays against utilization, and the profiles'.

    Left communication, which lengthens all stages alike; right uneven stages. A pipeline whose
    marker is above the curve of its number of stages does not pay for that reason alone. Solid
    curves are for Poisson arrivals, dashed ones for arrivals as bursty as the workload's.
    """
    figure = new_figure(9.0, 4.5)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True, gridspec_kw={"wspace": 0.08})
    lengths = sorted({each.num_stages for each in analysis.pipelines}) or [2]
    bursty = not math.isnan(analysis.dispersion)
    for length, color in zip(lengths, _colors(len(lengths)), strict=True):
        label = f"{length} stages"
        left.plot(_LOADS, largest_alpha(_LOADS, length) - 1, color=color, label=label)
        right.plot(_LOADS, largest_beta(_LOADS, length) - 1, color=color, label=label)
        if bursty:
            repaid = largest_alpha(_LOADS, length, analysis.dispersion) - 1
            left.plot(_LOADS, repaid, color=color, linestyle="--", linewidth=1)
        mine = [each for each in analysis.pipelines if each.num_stages == length]
        _mark(left, analysis, mine, lambda each: each.alpha - 1, color)
        _mark(right, analysis, mine, lambda each: each.beta / each.alpha - 1, color)
    # The largest of all is that of uneven stages without load: the root of their number.
    highest = max(2 * math.sqrt(lengths[-1]), 1.5 * float(left.dataLim.ymax))
    left.set_ylim(_LOWEST, highest)
    _describe(left, "communication: alpha - 1")
    _describe(right, "uneven stages: beta / alpha - 1")
    left.set_ylabel("overhead of the pipeline")
    styles = "solid: Poisson arrivals"
    if bursty:
        styles += f"; dashed: index of dispersion {analysis.dispersion:.3g}, as here"
    figure.suptitle(f"Largest overhead that pooling repays ({styles})", fontsize=10)
    handles, labels = right.get_legend_handles_labels()
    marker = left.scatter([], [], marker="o", color="none", edgecolor="black", s=24)
    figure.legend(
        [*handles, marker],
        [*labels, "profiled, at the cluster's utilization"],
        loc="outside lower center",
        ncols=len(handles) + 1,
        frameon=False,
        fontsize=9,
    )
    return figure


def _mark(
    axes: Axes,
    analysis: SharingAnalysis,
    pipelines: list[ProfiledPipeline],
    overhead: Callable[[ProfiledPipeline], float],
    color: str,
) -> None:
    """Put a marker for each pipeline; one of next to no overhead is put on the axis."""
    shown = np.maximum([overhead(each) for each in pipelines], _LOWEST)
    # Overloaded clusters have no utilization below 1 to be shown at.
    load = min(analysis.pool.utilization, 1.0)
    axes.axvline(load, color="grey", linestyle=":", linewidth=1, zorder=1)
    axes.scatter(
        np.full(shown.size, load),
        shown,
        color=color,
        edgecolor="black",
        linewidth=0.5,
        s=24,
        zorder=3,
        clip_on=False,
    )


def _describe(axes: Axes, title: str) -> None:
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    axes.set_title(title, fontsize=10)
    axes.set_xlabel("utilization of the devices")
    axes.set_xlim(0, 1)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.grid(alpha=0.3)


def _colors(count: int) -> list[str]:
    return [COLORS[i % len(COLORS)] for i in range(count)]
