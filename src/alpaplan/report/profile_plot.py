"""The plot of `alpaplan profile show`: a row of three panels for each profile and device type."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.summary import ConfigSummary, ProfileSummary
from alpaplan.report.figure import COLORS, new_figure, plain_label
from alpaplan.report.profile import share
from alpaplan.units import format_seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_BARS = 1_000
"""Configurations in one plot (a count): a PNG has at most 65,535 pixels from top to bottom."""

_WIDTH_IN = 11.0
_BAR_IN = 0.24
"""Height of a configuration's row: small text beside it stays apart."""
_LEGEND_IN = 0.35
_TITLE_LINE_IN = 0.2
_TITLE_CHARACTERS = 90
"""Longest line of a title: as many wide letters fit."""
_ABOVE_IN, _BELOW_IN = 0.1, 0.65
"""Height between title and bars, and below the bars: axis, its label and a gap."""
_LEFT_IN, _RIGHT_IN, _GAP_IN = 0.8, 0.12, 0.16
_LABEL_CHARACTER_IN = 0.075
"""Width of a digit in a row's label, which may need more than `_LEFT_IN`."""
_PANEL_SHARES = (0.285, 0.285, 0.43)
"""Of the width that the three panels have together."""
_SMALL_PT = 7.5

_LATENCY, _THROUGHPUT, _BEST = COLORS[0], COLORS[4], COLORS[5]
_PARTS = {
    "intra-op communication": COLORS[1],
    "inter-op communication": COLORS[2],
    "communication, not split": COLORS[6],
    "imbalance": COLORS[3],
}
"""Part of the overhead -> its color."""


def profiles_figure(profiles: Iterable[ProfileSummary]) -> Figure:
    """Draw latency, throughput and overhead of each configuration.

    With an objective, the throughput of its best batch is marked too.

    Parameters
    ----------
    profiles
        With at least one configuration together, and all with the same objective or none.

    Raises
    ------
    AlpaplanError
        If there are more configurations than one plot can show.
    """
    profiles = list(profiles)
    panels = [
        (_title(profile, device), configs)
        for profile in profiles
        for device, configs in profile.by_device().items()
    ]
    num_bars = sum(len(configs) for _, configs in panels)
    if num_bars > MAX_BARS:
        raise AlpaplanError(
            f"one plot must have at most {MAX_BARS:,} configurations, found {num_bars:,}; "
            "name fewer profiles"
        )
    return _figure(panels, next((profile.slo_s for profile in profiles), None))


def _title(profile: ProfileSummary, device: str) -> str:
    text = f"{profile.name} on {device}, batch size {profile.batch_size}"
    if any(config.is_interpolated for config in profile.by_device()[device]):
        text += " (interpolated)"
    return textwrap.fill(text, _TITLE_CHARACTERS)


def _figure(panels: Sequence[tuple[str, Sequence[ConfigSummary]]], slo_s: float | None) -> Figure:
    title_in = [_TITLE_LINE_IN * len(title.splitlines()) + _ABOVE_IN for title, _ in panels]
    bars_in = [_BAR_IN * len(configs) for _, configs in panels]
    height_in = _LEGEND_IN + sum(title_in) + sum(bars_in) + _BELOW_IN * len(panels)
    figure = new_figure(_WIDTH_IN, height_in)
    # All heights are known, so that nothing has to be measured and moved.
    figure.set_layout_engine("none")
    parts: dict[str, None] = {}
    top_in = _LEGEND_IN
    for (title, configs), above_in, here_in in zip(panels, title_in, bars_in, strict=True):
        row = _add_row(figure, top_in + above_in, here_in, _labels(configs))
        _draw_latency(row[0], configs)
        _draw_throughput(row[1], configs)
        parts |= _draw_overhead(row[2], configs)
        _draw_rows(row, configs)
        row[0].set_title(plain_label(title), loc="left", fontsize=10.5, fontweight="bold", pad=6)
        top_in += above_in + here_in + _BELOW_IN
    _draw_legend(figure, parts, slo_s)
    return figure


def _add_row(figure: Figure, top_in: float, bars_in: float, labels: Sequence[str]) -> list[Axes]:
    """Add three panels side by side, so far from the figure's top, with labels to their left."""
    height_in = figure.get_figheight()
    bottom = 1 - (top_in + bars_in) / height_in
    left_in = max(_LEFT_IN, 0.1 + _LABEL_CHARACTER_IN * max(map(len, labels)))
    width_in = _WIDTH_IN - left_in - _RIGHT_IN - _GAP_IN * (len(_PANEL_SHARES) - 1)
    row: list[Axes] = []
    for share_of_width in _PANEL_SHARES:
        panel_in = share_of_width * width_in
        box = (left_in / _WIDTH_IN, bottom, panel_in / _WIDTH_IN, bars_in / height_in)
        axes = figure.add_axes(box)
        axes.tick_params(labelsize=8, left=False)
        if row:
            axes.set_yticks([])
        else:
            axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        row.append(axes)
        left_in += panel_in + _GAP_IN
    row[0].annotate(
        "(intra_op,\ninter_op)",
        (0, 0),
        xycoords="axes fraction",
        xytext=(-8, -7),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=_SMALL_PT,
    )
    return row


def _labels(configs: Sequence[ConfigSummary]) -> list[str]:
    return [f"({config.intra_op}, {config.inter_op})" for config in configs]


def _draw_rows(row: Sequence[Axes], configs: Sequence[ConfigSummary]) -> None:
    """Shade every other number of devices across the panels."""
    num_rows = Counter(config.num_devices for config in configs)  # in their order
    edges = list(itertools.pairwise(itertools.accumulate(num_rows.values(), initial=0)))
    for axes in row:
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", color="0.88", linewidth=0.6)
        axes.set_axisbelow(True)
        for first, after in edges[1::2]:
            axes.axhspan(first - 0.5, after - 0.5, color="0.95", linewidth=0, zorder=0)


def _draw_latency(axes: Axes, configs: Sequence[ConfigSummary]) -> None:
    values_ms = [1e3 * config.latency_s for config in configs]
    bars = axes.barh(range(len(configs)), values_ms, height=0.62, color=_LATENCY)
    texts = [format_seconds(config.latency_s) for config in configs]
    axes.bar_label(bars, texts, padding=2, fontsize=_SMALL_PT)
    axes.set_xlim(0, 1.22 * max(values_ms))
    axes.set_xlabel("latency (ms)", fontsize=9)


def _draw_throughput(axes: Axes, configs: Sequence[ConfigSummary]) -> None:
    values_rps = [config.throughput_rps for config in configs]
    axes.barh(range(len(configs)), values_rps, height=0.62, color=_THROUGHPUT)
    ideal_rps = [config.throughput_rps_without_overhead for config in configs]
    axes.plot(
        ideal_rps, range(len(configs)), linestyle="none", marker="|", color="black", markersize=9
    )
    # At the edge: beside the bars they would stand at the marks, and be taken for theirs.
    edge = axes.get_yaxis_transform()
    for position, value_rps in enumerate(values_rps):
        text = f"{value_rps:.3g}"
        axes.text(0.99, position, text, transform=edge, ha="right", va="center", fontsize=_SMALL_PT)
    best_rps = _mark_best_batches(axes, configs)
    axes.set_xlim(0, 1.25 * max(values_rps + ideal_rps + best_rps))
    axes.set_xlabel("throughput of a group (requests/s)", fontsize=9)


def _mark_best_batches(axes: Axes, configs: Sequence[ConfigSummary]) -> list[float]:
    """Mark where batches of the best size are, and which that is; returns their throughputs."""
    best = {i: config.best_batch for i, config in enumerate(configs) if config.best_batch}
    throughputs_rps = [batch.throughput_rps for batch in best.values()]
    if not best:
        return []
    axes.plot(throughputs_rps, list(best), linestyle="none", marker="D", color=_BEST, markersize=4)
    for position, batch in best.items():
        axes.annotate(
            f"{batch.batch_size:,}",
            (batch.throughput_rps, position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SMALL_PT,
            color=_BEST,
        )
    return throughputs_rps


def _draw_overhead(axes: Axes, configs: Sequence[ConfigSummary]) -> dict[str, None]:
    """Stack the parts, savings to the left of zero; return those that some row has."""
    right = [0.0] * len(configs)
    left = [0.0] * len(configs)
    drawn: dict[str, None] = {}
    for part, color in _PARTS.items():
        values = [_part_percent(config, part) for config in configs]
        starts = [(left if value < 0 else right)[i] for i, value in enumerate(values)]
        if not any(values):
            continue
        drawn[part] = None
        axes.barh(range(len(configs)), values, left=starts, height=0.62, color=color)
        for i, value in enumerate(values):
            (left if value < 0 else right)[i] += value
    texts = [_total_text(config) for config in configs]
    for position, (config, text) in enumerate(zip(configs, texts, strict=True)):
        axes.annotate(
            text,
            (right[position], position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SMALL_PT,
            color="0.45" if config.is_reference else "black",
        )
    axes.axvline(0, color="0.3", linewidth=0.8)
    # At least some percent, so that an overhead of rounding errors does not fill the panel.
    span = max(max(right) - min(left), 5.0)
    axes.set_xlim(min(left) - 0.04 * span, max(right) + 0.02 * span * max(map(len, texts)))
    axes.set_xlabel("overhead (% of the reference's device-seconds)", fontsize=9)
    return drawn


def _total_text(config: ConfigSummary) -> str:
    total = share(config.overhead.total)
    if not config.is_reference:
        return total
    return "reference" if total == share(0.0) else f"{total} (reference)"


def _part_percent(config: ConfigSummary, part: str) -> float:
    overhead = config.overhead
    is_split = overhead.intra_op_communication is not None
    fraction = {
        "intra-op communication": overhead.intra_op_communication,
        "inter-op communication": overhead.inter_op_communication,
        "communication, not split": None if is_split else overhead.communication,
        "imbalance": overhead.imbalance,
    }[part]
    # Less than a tenth of a percent cannot be seen, and is not worth an entry in the legend.
    return 0.0 if fraction is None else 100 * round(fraction, 3)


def _draw_legend(figure: Figure, parts: Iterable[str], slo_s: float | None) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    mark = Line2D([], [], linestyle="none", marker="|", color="black", markersize=9)
    mark.set_label("throughput without overhead")
    handles: list[Patch | Line2D] = [mark]
    if slo_s is not None:
        best = Line2D([], [], linestyle="none", marker="D", color=_BEST, markersize=4)
        best.set_label(f"best batch size within {format_seconds(slo_s)}")
        handles.append(best)
    handles += [Patch(color=_PARTS[part], label=part) for part in _PARTS if part in set(parts)]
    figure.legend(
        handles=handles,
        loc="upper right",
        ncols=len(handles),
        fontsize=8 if len(handles) < 6 else _SMALL_PT,
        frameon=False,
        handlelength=1.2,
    )
