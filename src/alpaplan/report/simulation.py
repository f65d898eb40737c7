"""The tables that `alpaplan simulate` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType

from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent
from alpaplan.simulator import SimulationSummary
from alpaplan.units import format_seconds


def simulation_tables(summary: SimulationSummary) -> RenderableType:
    """Return a headline, a row for each group and a row for each model."""
    latency = summary.latency
    return Group(
        Paragraph(
            ("SLO attainment ", "bold"),
            (percent(summary.slo_attainment), "bold green"),
            f": {summary.attained:,} of {summary.requests:,} requests",
        ),
        Paragraph(
            f"goodput {number(summary.goodput_rps, 4)} requests/s, latency mean "
            f"{format_seconds(latency.mean_s)}, p50 {format_seconds(latency.p50_s)}, "
            f"p90 {format_seconds(latency.p90_s)}, p99 {format_seconds(latency.p99_s)}"
        ),
        _groups(summary),
        _models(summary),
        *_batches(summary),
    )


def _groups(summary: SimulationSummary) -> Table:
    columns = ("group", "requests", "attained", "utilization")
    made = Table("Groups", *columns, right=columns[1:])
    for group in summary.groups:
        made.add_row(
            group.name,
            f"{group.requests:,}",
            f"{group.attained:,}",
            percent(group.utilization, 1),
        )
    return made


def _models(summary: SimulationSummary) -> Table:
    columns = ("model", "requests", "attained", "attainment", "mean", "p50", "p90", "p99")
    made = Table("Models", *columns, right=columns[1:], optional=("p50", "p90", "attained", "mean"))
    for model in summary.models:
        latency = model.latency
        made.add_row(
            model.name,
            f"{model.requests:,}",
            f"{model.attained:,}",
            percent(model.slo_attainment),
            format_seconds(latency.mean_s),
            format_seconds(latency.p50_s),
            format_seconds(latency.p90_s),
            format_seconds(latency.p99_s),
        )
    return made


def _batches(summary: SimulationSummary) -> Iterator[Table]:
    """Yield how large batches were, if there could be any: shares of requests by size."""
    batches = {model.name: model.batch_size for model in summary.models if model.batch_size}
    if not batches:
        return
    largest = max((size for found in batches.values() for size in found.histogram), default=1)
    # 1, 2, 3-4, 5-8, ...: each up to twice the one before.
    ends = [2**power for power in range((largest - 1).bit_length() + 1)]
    ranges = [(end // 2 + 1, end) for end in ends]
    sizes = [str(end) if first == end else f"{first}-{end}" for first, end in ranges]
    columns = ("model", "mean", *sizes)
    title = "Batches: mean size, and share of requests by size"
    made = Table(title, *columns, right=columns[1:])
    for name, found in batches.items():
        shares = [percent(found.share(*sizes_of), 1) for sizes_of in ranges]
        made.add_row(name, number(found.mean, 3), *shares)
    yield made
