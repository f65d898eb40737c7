"""The plot of `alpaplan profile show` for LLMs: two panels for each profile and device type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.engine_summary import CONTEXT_TOKENS, EngineProfileSummary, EngineSummary
from alpaplan.report.figure import COLORS, new_figure, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_ROWS = 60
"""Profiles and device types in one plot (a count): a PNG has at most 65,535 pixels from top to
bottom."""

_WIDTH_IN, _ROW_IN = 11.0, 3.6
_LINES = ("-", "--", "-.", ":")
_SMALL_PT = 7.5


def engines_figure(profiles: Iterable[EngineProfileSummary]) -> Figure:
    """Draw step time over tokens, and tokens per second over running requests.

    Raises
    ------
    AlpaplanError
        If there are more profiles and device types than one plot can show.
    """
    panels = [
        (f"{profile.name} on {device}", configs)
        for profile in profiles
        for device, configs in profile.by_device().items()
    ]
    if len(panels) > MAX_ROWS:
        raise AlpaplanError(
            f"one plot must have at most {MAX_ROWS} profiles and device types of LLMs, found "
            f"{len(panels):,}; name fewer profiles"
        )
    figure = new_figure(_WIDTH_IN, _ROW_IN * len(panels))
    rows = figure.subplots(len(panels), 2, squeeze=False)
    for (title, configs), (left, right) in zip(panels, rows, strict=True):
        _draw(left, right, configs)
        left.set_title(plain_label(title), loc="left", fontsize=10.5, fontweight="bold")
        right.legend(
            title="(intra_op, inter_op)",
            title_fontsize=_SMALL_PT,
            fontsize=_SMALL_PT,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
    return figure


def _draw(left: Axes, right: Axes, configs: Sequence[EngineSummary]) -> None:
    """Draw a line of each configuration: its color is the intra-op, its dashes the inter-op."""
    intra_ops = sorted({config.intra_op for config in configs})
    inter_ops = sorted({config.inter_op for config in configs})
    for config in configs:
        color = COLORS[intra_ops.index(config.intra_op) % len(COLORS)]
        dashes = _LINES[inter_ops.index(config.inter_op) % len(_LINES)]
        label = f"({config.intra_op}, {config.inter_op})"
        steps_ms = [1e3 * step_s for step_s in config.step_s.values()]
        counts = [each.num_requests for each in config.decoding]
        rates = [each.tokens_per_s for each in config.decoding]
        style: dict[str, Any] = {
            "color": color,
            "linestyle": dashes,
            "linewidth": 1.2,
            "label": label,
        }
        left.plot(list(config.step_s), steps_ms, marker=".", markersize=4, **style)
        right.plot(counts, rates, **style)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(color="0.88", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    left.set_xlabel("tokens in an iteration", fontsize=9)
    left.set_ylabel("step time, all stages (ms)", fontsize=9)
    right.set_xlabel(f"running requests, of {CONTEXT_TOKENS:,} KV tokens each", fontsize=9)
    right.set_ylabel("output tokens per second", fontsize=9)
