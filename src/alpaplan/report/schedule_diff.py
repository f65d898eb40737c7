"""What `alpaplan diff` prints of schedules: the diff of each change under the time of it."""

from __future__ import annotations

import math

from rich.console import Group, RenderableType

from alpaplan.analysis.schedule_diff import PlacementDiff, ScheduleDiff
from alpaplan.report.diff import NO_CHANGES, diff_markdown, diff_tables
from alpaplan.report.prose import Paragraph
from alpaplan.units import format_seconds


def schedule_diff_tables(found: ScheduleDiff) -> RenderableType:
    """Return a heading, a summary and tables for each change."""
    if found.is_same:
        return Paragraph(NO_CHANGES)
    parts: list[RenderableType] = []
    for change in found.changes:
        parts += [Paragraph(_heading(change), style="bold"), "", diff_tables(change.diff)]
    return Group(*parts)


def schedule_diff_markdown(found: ScheduleDiff) -> str:
    """Return the same as Markdown."""
    if found.is_same:
        return NO_CHANGES
    return "\n\n".join(
        f"### {_heading(change)}\n\n{diff_markdown(change.diff)}" for change in found.changes
    )


def _heading(change: PlacementDiff) -> str:
    text = f"From {format_seconds(change.start_s)}"
    return text if math.isinf(change.end_s) else f"{text} to {format_seconds(change.end_s)}"
