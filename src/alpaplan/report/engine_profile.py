"""The tables that `alpaplan profile show` prints of LLMs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType

from alpaplan.profiling.engine_summary import (
    CONTEXT_TOKENS,
    PROMPT_TOKENS,
    EngineProfileSummary,
    EngineSummary,
)
from alpaplan.report.tables import Table
from alpaplan.report.text import number
from alpaplan.units import format_bytes, format_seconds

SHOWN_REQUESTS = (1, 8, 64, 256)
"""Numbers of running requests that have a column."""


def engine_tables(profiles: Iterable[EngineProfileSummary]) -> RenderableType:
    """Return tables for each profile and device type: times and memory, and tokens per second."""
    parts: list[RenderableType] = []
    for profile in profiles:
        for device, configs in profile.by_device().items():
            title = f"{profile.name} on {device}, prompt of {PROMPT_TOKENS:,} tokens"
            parts += [_times(title, configs), _throughputs(configs)]
    return Group(*parts)


def _times(title: str, configs: Sequence[EngineSummary]) -> Table:
    columns = ("intra_op", "inter_op", "devices", "prompt", "TPOT alone", "memory", "KV token")
    made = Table(title, *columns, right=columns)
    for config in configs:
        made.add_row(
            str(config.intra_op),
            str(config.inter_op),
            str(config.num_devices),
            format_seconds(config.prompt_s),
            format_seconds(config.decoding[0].tpot_s),
            format_bytes(config.memory_bytes),
            format_bytes(config.kv_bytes_per_token),
        )
    return made


def _throughputs(configs: Sequence[EngineSummary]) -> Table:
    title = f"Output tokens per second by running requests, of {CONTEXT_TOKENS:,} KV tokens each"
    columns = ("intra_op", "inter_op", *map(str, SHOWN_REQUESTS), "per device")
    made = Table(title, *columns, right=columns)
    for config in configs:
        by_count = {each.num_requests: each.tokens_per_s for each in config.decoding}
        shown = [by_count[count] for count in SHOWN_REQUESTS]
        cells = [number(value, 4) for value in (*shown, shown[-1] / config.num_devices)]
        made.add_row(str(config.intra_op), str(config.inter_op), *cells)
    return made
