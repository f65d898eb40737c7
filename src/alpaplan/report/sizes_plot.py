"""What `alpaplan size` and `sweep` draw with `--plot`: a curve for each method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from alpaplan.planning.sizes.results import AxisLimit, Sizes
from alpaplan.planning.sizes.sweep import Sweep, SweepPoint
from alpaplan.report.figure import COLORS, new_figure, plain_label
from alpaplan.specs.prediction import Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^v<>"

LABELS = {
    "rate": "rates, times those stated",
    "cv": "CVs, times those stated",
    "slo": "objectives, times those stated",
    "nodes": "nodes",
    "cost": "cost per hour",
}
"""Axis -> what stands below it."""


def sizes_figure(sizes: Sizes) -> Figure:
    """Return a panel for each axis, with the target as a line and what is stated marked."""
    by_axis: dict[str, list[AxisLimit]] = {}
    for limit in sizes.limits:
        by_axis.setdefault(limit.axis, []).append(limit)
    columns = min(2, len(by_axis))
    rows = -(-len(by_axis) // columns)
    figure = new_figure(4.5 * columns, 3.4 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (axis, limits) in zip(panels, by_axis.items(), strict=False):
        curves = {
            limit.method: [
                (point.value, point.slo_attainment)
                for point in limit.points
                if point.slo_attainment is not None
            ]
            for limit in limits
        }
        draw_curves(panel, curves, limits[0].stated, sizes.target)
        for index, limit in enumerate(limits):
            if limit.limit is not None and limit.interval_95 is not None:
                color = COLORS[index % len(COLORS)]
                panel.axvspan(*limit.interval_95, color=color, alpha=0.12, linewidth=0)
        panel.set_xlabel(LABELS[axis])
    for panel in panels[len(by_axis) :]:
        panel.set_visible(False)
    return figure


def draw_curves(
    panel: Axes,
    curves: dict[str, list[tuple[float, float]]],
    stated: float | None,
    target: float | None,
) -> None:
    """Draw the attainment of each method, the target as a line, and what is stated as another.

    Parameters
    ----------
    panel
        Where to draw.
    curves
        Method -> values and the attainment there, by value.
    stated, target
        Value that the documents state, and attainment to keep; None: not drawn.
    """
    from matplotlib.ticker import FuncFormatter

    for index, (method, points) in enumerate(curves.items()):
        panel.plot(
            [value for value, _ in points],
            [attainment for _, attainment in points],
            color=COLORS[index % len(COLORS)],
            marker=MARKERS[index % len(MARKERS)],
            markersize=4,
            linewidth=1.5,
            label=plain_label(method),
        )
    if target is not None:
        panel.axhline(target, color=COLORS[6], linestyle="--", linewidth=1, label="target")
    if stated is not None:
        panel.axvline(stated, color=COLORS[6], linestyle=":", linewidth=1, label="stated")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%"))
    panel.set_ylabel("SLO attainment")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8)


def sweep_figure(swept: Sweep) -> Figure:
    """Return attainment, goodput and mean latency along the axis, a curve for each method."""
    figure = new_figure(12.0, 3.6)
    attainment, goodput, latency = figure.subplots(1, 3)
    curves: dict[str, list[SweepPoint]] = {}
    for point in swept.points:
        if point.prediction is not None:
            curves.setdefault(point.method, []).append(point)
    draw_curves(attainment, _along(curves, lambda made: made.slo_attainment), swept.stated, None)
    draw_curves(goodput, _along(curves, lambda made: made.goodput_rps), swept.stated, None)
    draw_curves(
        latency,
        _along(curves, lambda made: None if made.latency_s is None else made.latency_s.mean),
        swept.stated,
        None,
    )
    for panel, label in ((goodput, "goodput, requests/s"), (latency, "mean latency, s")):
        panel.yaxis.set_major_formatter("{x:g}")
        panel.set_ylabel(label)
    for panel in (attainment, goodput, latency):
        panel.set_xlabel(LABELS[swept.axis])
    return figure


def _along(
    curves: dict[str, list[SweepPoint]], of: Callable[[Prediction], float | None]
) -> dict[str, list[tuple[float, float]]]:
    return {
        method: [
            (point.value, value)
            for point in points
            if point.prediction is not None and (value := of(point.prediction)) is not None
        ]
        for method, points in curves.items()
    }
