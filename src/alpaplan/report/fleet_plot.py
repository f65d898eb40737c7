"""The plot of `alpaplan show`: devices by node, what their memory holds, how busy they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from alpaplan.planning.overview import PlanOverview
from alpaplan.report.figure import FLEET_COLORS, new_figure, plain_label
from alpaplan.report.fleet import OTHERS, Content, FleetPicture, NodePicture, fleet_picture
from alpaplan.report.text import percent

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRAY = "#9A9A9A"
"""Color of all other models and of working memory."""

KV_OPACITY = 0.45
"""How strong the color of KV caches is beside that of weights (a fraction; 0.3 to 0.6)."""

_WORKING: dict[str, Any] = {
    "facecolor": "#E4E4E4",
    "edgecolor": "#B0B0B0",
    "hatch": "//////",
    "linewidth": 0,
}
"""What working memory looks like, which belongs to no model."""

_WIDTH_IN = 11.0
_CELL_IN = 0.34
"""Width of the figure, and the least of a device, inches."""

_MAX_CELL_IN = 0.9
_BUSY = 0.16
"""Part of a cell's width that shows how busy it is."""


def fleet_figure(overview: PlanOverview) -> Figure:
    """Draw a plan's devices by node.

    Each device is a column, filled up to the memory that it uses with the colors of the models
    that take it; the dark bar at its right shows how busy its group is.
    """
    from matplotlib.lines import Line2D

    picture = fleet_picture(overview)
    longest = max((len(node.cells) for node in picture.nodes), default=1)
    num_nodes = max(1, len(picture.nodes))
    rows = math.ceil(num_nodes / max(1, int(_WIDTH_IN / (_CELL_IN * (longest + 1)))))
    columns = math.ceil(num_nodes / rows)
    cell_in = min(_MAX_CELL_IN, _WIDTH_IN / (columns * (longest + 1)))
    height_in = rows * (cell_in * 1.9) + 1.1
    width_in = max(6.0, columns * (longest + 1) * cell_in)
    figure = new_figure(width_in, height_in)
    axes = figure.add_subplot()
    for number, node in enumerate(picture.nodes):
        x = (number % columns) * (longest + 1.0)
        y = -(number // columns) * 1.9
        _draw_node(axes, node, x, y, small=cell_in < 0.5)
    axes.set_xlim(-0.3, columns * (longest + 1.0) - 0.7)
    axes.set_ylim(-(rows - 1) * 1.9 - 0.15, 1.65)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.suptitle(_title(overview), fontsize=10)
    handles: list[Artist] = [
        Line2D([], [], linestyle="", marker="s", markersize=8, color=color, label=plain_label(name))
        for color, name in zip(FLEET_COLORS, picture.kinds, strict=False)
    ]
    handles += _other_handles(picture)
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _title(overview: PlanOverview) -> str:
    use = overview.use
    of_all = "" if use.num_devices is None else f" of {use.num_devices:,}"
    parts = [f"{use.num_used:,}{of_all} GPUs"]
    if use.busy is not None:
        parts.append(f"{percent(use.busy, 0)} busy")
    prediction = overview.plan.prediction
    if prediction is not None:
        parts.append(f"SLO attainment {percent(prediction.slo_attainment)}")
    return ", ".join(parts)


def _other_handles(picture: FleetPicture) -> list[Artist]:
    from matplotlib.patches import Patch

    contents = picture.contents
    handles: list[Artist] = []
    if picture.has_others:
        handles.append(Patch(color=GRAY, label="other models"))
    if Content.KV_CACHE in contents:
        handles.append(Patch(color="black", alpha=KV_OPACITY * 0.6, label="paler: KV cache"))
    if Content.WORKING in contents:
        handles.append(Patch(**_WORKING, label="working memory"))
    handles.append(Patch(color="#222222", label="bar: how busy the group is"))
    return handles


def _draw_node(axes: Axes, node: NodePicture, x: float, y: float, *, small: bool) -> None:
    from matplotlib.patches import Rectangle

    size = 6.5 if small else 9.0
    axes.text(x, y + 1.32, plain_label(node.name), fontsize=size, fontweight="bold", va="bottom")
    for number, cell in enumerate(node.cells):
        left = x + number + 0.06
        width = 0.88 - _BUSY
        axes.add_patch(Rectangle((left, y), 0.88, 1.0, facecolor="#F2F2F2", linewidth=0))
        for part in cell.slices:
            color = GRAY if part.color == OTHERS else FLEET_COLORS[part.color]
            opacity = KV_OPACITY if part.content is Content.KV_CACHE else 1.0
            look: dict[str, Any] = {"facecolor": color, "alpha": opacity, "linewidth": 0}
            if part.content is Content.WORKING:
                look = _WORKING
            corner = (left, y + part.start)
            axes.add_patch(Rectangle(corner, width, part.end - part.start, **look))
        if cell.device.utilization is not None:
            corner = (left + width + 0.03, y)
            axes.add_patch(
                Rectangle(
                    corner, _BUSY - 0.03, cell.device.utilization, facecolor="#222222", linewidth=0
                )
            )
    for group, first, last in node.spans:
        axes.add_patch(
            Rectangle(
                *((x + first + 0.03, y - 0.03), last - first + 0.94, 1.06),
                facecolor="none",
                edgecolor="#444444",
                linewidth=0.6,
            )
        )
        middle = x + (first + last + 1) / 2
        axes.text(
            *(middle, y + 1.06, plain_label(group)),
            fontsize=size - 1.5,
            ha="center",
            va="bottom",
            color="#444444",
        )
