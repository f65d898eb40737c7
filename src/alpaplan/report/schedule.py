"""The tables that `alpaplan schedule` prints."""

from __future__ import annotations

from rich.console import Group, RenderableType

from alpaplan.planning.schedules.results import Scheduled
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent
from alpaplan.units import format_bytes, format_seconds

MAX_WINDOWS = 48
"""Longest list of placements shown; JSON has all of them."""


def schedule_tables(scheduled: Scheduled) -> RenderableType:
    """Return what the schedule attains beside others, and a row for each placement."""
    return Group(_figures(scheduled), _windows(scheduled))


def _figures(scheduled: Scheduled) -> Table:
    columns = ["placement", "planned on", "loading takes", "missed", "attainment", "device hours"]
    has_costs = any(figure.cost is not None for figure in scheduled.figures)
    columns += ["cost"] if has_costs else []
    made = Table("Side by side on the same arrivals", *columns, right=columns[3:])
    for figure in scheduled.figures:
        found = figure.attained
        made.add_row(
            figure.name,
            figure.planned_on,
            figure.loads,
            f"{found.requests - found.attained:,}",
            percent(found.slo_attainment),
            number(figure.device_hours, 3),
            *([_cost(figure.cost)] if has_costs else []),
        )
    return made


def _windows(scheduled: Scheduled) -> Table:
    windows = scheduled.windows
    columns = ["from", "requests", "attainment", "devices", "free", "to load"]
    has_costs = any(window.cost is not None for window in windows)
    columns += ["cost/h", "cost"] if has_costs else []
    left_out = len(windows) - MAX_WINDOWS
    title = "The schedule" + (f", its first {MAX_WINDOWS} placements" if left_out > 0 else "")
    made = Table(title, *columns, right=columns)
    for window in windows[:MAX_WINDOWS]:
        made.add_row(
            format_seconds(window.start_s),
            f"{window.attained.requests:,}",
            percent(window.attained.slo_attainment),
            str(window.devices),
            str(window.free_devices),
            format_bytes(window.loaded_bytes) if window.loaded_bytes else "-",
            *([_cost(window.cost_per_hour), _cost(window.cost)] if has_costs else []),
        )
    return made


def _cost(cost: float | None) -> str:
    return "-" if cost is None else f"{cost:,.2f}"
