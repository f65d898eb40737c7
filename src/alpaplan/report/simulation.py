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
        *_placements(summary),
        _groups(summary),
        _models(summary),
        *_batches(summary),
        *_tokens(summary),
        *_engines(summary),
    )


def _placements(summary: SimulationSummary) -> Iterator[Table]:
    """Yield what became of requests by the placement that they met, if there are several."""
    if len(summary.placements) < 2:
        return
    columns = ("placement from", "requests", "attained", "attainment", "mean", "p99")
    made = Table("Placements", *columns, right=columns)
    for each in summary.placements:
        made.add_row(
            format_seconds(each.start_s),
            f"{each.requests:,}",
            f"{each.attained:,}",
            percent(each.slo_attainment),
            format_seconds(each.latency.mean_s),
            format_seconds(each.latency.p99_s),
        )
    yield made


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


def _tokens(summary: SimulationSummary) -> Iterator[Table]:
    """Yield when the tokens of LLMs came, if there are any LLMs."""
    llms = {model.name: model.llm for model in summary.models if model.llm is not None}
    if not llms:
        return
    percentiles = ("TTFT p50", "TTFT p90", "TTFT p99", "TPOT p50", "TPOT p90", "TPOT p99")
    columns = ("model", "served", "tokens", *percentiles)
    optional = ("TPOT p50", "TTFT p50", "served")
    made = Table("Tokens of served requests", *columns, right=columns[1:], optional=optional)
    for name, llm in llms.items():
        times = (
            seconds
            for found in (llm.tokens.ttft, llm.tokens.tpot)
            for seconds in (found.p50_s, found.p90_s, found.p99_s)
        )
        made.add_row(name, f"{llm.served:,}", f"{llm.output_tokens:,}", *map(format_seconds, times))
    yield made


def _engines(summary: SimulationSummary) -> Iterator[Table]:
    """Yield how full the KV caches were, if there are any engines."""
    if not any(group.engines for group in summary.groups):
        return
    columns = ("group", "model", "KV tokens", "peak", "preemptions")
    made = Table("Engines", *columns, right=columns[2:])
    for group in summary.groups:
        for engine in group.engines:
            made.add_row(
                group.name,
                engine.model,
                f"{engine.kv_tokens:,}",
                percent(engine.kv_peak_tokens / engine.kv_tokens, 1) if engine.kv_tokens else "-",
                f"{engine.preemptions:,}",
            )
    yield made
