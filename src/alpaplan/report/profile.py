"""The tables that `alpaplan profile show` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType

from alpaplan.profiling.summary import ConfigSummary, ProfileSummary
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent
from alpaplan.units import format_bytes, format_seconds

INTERPOLATED = "~"
"""In front of a batch size that was not profiled, or of the latency of a row at one."""


def profile_tables(profiles: Iterable[ProfileSummary]) -> RenderableType:
    """Return tables for each profile and device type: what configurations do, and overheads.

    With an objective, there is a third one of the best batches within it.
    """
    parts: list[RenderableType] = []
    for profile in profiles:
        for device, configs in profile.by_device().items():
            title = f"{profile.name} on {device}, batch size {profile.batch_size}"
            parts.append(_performance(title, configs))
            if any(config.is_interpolated for config in configs):
                note = f"{INTERPOLATED} not profiled: the row is interpolated"
                parts += [Paragraph(note), ""]
            parts.append(_overheads(configs))
            if profile.slo_s is not None:
                parts.append(_best_batches(configs, profile.slo_s))
    return Group(*parts)


def _performance(title: str, configs: Sequence[ConfigSummary]) -> Table:
    columns = ("intra_op", "inter_op", "devices", "latency", "requests/s", "per device", "memory")
    made = Table(title, *columns, right=columns)
    for config in configs:
        mark = INTERPOLATED if config.is_interpolated else ""
        made.add_row(
            str(config.intra_op),
            str(config.inter_op),
            str(config.num_devices),
            mark + format_seconds(config.latency_s),
            number(config.throughput_rps, 4),
            number(config.throughput_rps_per_device, 4),
            format_bytes(config.memory_bytes),
        )
    return made


def _overheads(configs: Sequence[ConfigSummary]) -> Table:
    reference = next(config for config in configs if config.is_reference)
    title = f"Overhead over intra_op {reference.intra_op}, inter_op {reference.inter_op}"
    columns = (
        "intra_op",
        "inter_op",
        "communication",
        "of it intra-op",
        "inter-op",
        "imbalance",
        "total",
    )
    made = Table(title, *columns, right=columns)
    for config in configs:
        overhead = config.overhead
        made.add_row(
            str(config.intra_op),
            str(config.inter_op),
            share(overhead.communication),
            share(overhead.intra_op_communication),
            share(overhead.inter_op_communication),
            share(overhead.imbalance),
            share(overhead.total),
        )
    return made


def _best_batches(configs: Sequence[ConfigSummary], slo_s: float) -> Table:
    columns = ("intra_op", "inter_op", "batch", "latency", "requests/s", "per device", "memory")
    title = f"Batch size with most requests/s within {format_seconds(slo_s)}"
    made = Table(title, *columns, right=columns)
    for config in configs:
        best = config.best_batch
        found = ("-",) * 5
        if best is not None:
            found = (
                (INTERPOLATED if best.is_interpolated else "") + f"{best.batch_size:,}",
                format_seconds(best.latency_s),
                number(best.throughput_rps, 4),
                number(best.throughput_rps / config.num_devices, 4),
                format_bytes(best.memory_bytes),
            )
        made.add_row(str(config.intra_op), str(config.inter_op), *found)
    return made


def share(fraction: float | None) -> str:
    """Show an overhead to a tenth of a percent, and what rounds to none without a sign."""
    return percent(None if fraction is None else round(fraction, 3) + 0.0, 1)
