"""The tables that `alpaplan size` prints, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from rich.console import Group, RenderableType

from alpaplan.planning.sizes.results import AxisLimit, Sizes
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent

CSV_HEADER = ("axis", "method", "limit", "low_95", "high_95", "slo_attainment", "stated", "plan")


def sizes_tables(sizes: Sizes) -> RenderableType:
    """Return the limits, what they stand for, and why some do not exist."""
    headers = ("limit", "95% interval", "that is", "stated", "attains", "plans")
    title = f"Limits up to which {percent(sizes.target, _digits(sizes.target))} is attained"
    made = Table(title, "axis", "method", *headers, right=headers, optional=("plans", "stated"))
    for limit in sizes.limits:
        made.add_row(
            limit.axis,
            limit.method,
            "-" if limit.limit is None else number(limit.limit, 4),
            _interval(limit),
            _meaning(sizes, limit),
            "-" if limit.stated is None else number(limit.stated, 4),
            percent(limit.attainment),
            str(limit.plans_tried),
        )
    return Group(made, *_notes(sizes))


def sizes_csv(sizes: Sizes) -> str:
    """Return the limits as CSV, a row each, without the last line's end."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for limit in sizes.limits:
        path = None if limit.plan is None else sizes.path_of(limit.plan)
        interval = limit.interval_95 or (None, None)
        row = (limit.limit, *interval, limit.attainment, limit.stated, path)
        cells = ("" if cell is None else str(cell) for cell in row)
        writer.writerow((limit.axis, limit.method, *cells))
    return stream.getvalue().rstrip("\n")


def _interval(limit: AxisLimit) -> str:
    if limit.interval_95 is None:
        return "-"
    return " to ".join(number(end, 4) for end in limit.interval_95)


def _meaning(sizes: Sizes, limit: AxisLimit) -> str:
    """Say what a limit is in units."""
    if limit.limit is None:
        return "-"
    unit = sizes.unit
    match limit.axis:
        case "rate":
            return f"{number(limit.limit * (unit['rate_rps'] or 0.0))} requests/s"
        case "cv":
            return "-" if unit["cv"] is None else f"CV {number(limit.limit * unit['cv'])}"
        case "slo":
            return f"{number(limit.limit)} x objectives"
    return " + ".join(f"{count} {pool}" for pool, count in (limit.nodes or {}).items() if count)


def _notes(sizes: Sizes) -> Iterator[Paragraph]:
    for limit in sizes.limits:
        if limit.reason is not None:
            yield Paragraph(f"{limit.axis}, {limit.method}: {limit.reason}")
    for limit in sizes.limits:
        path = None if limit.plan is None else sizes.path_of(limit.plan)
        if path is not None:
            yield Paragraph(f"plan at the limit of {limit.axis}, {limit.method}: {path}")


def _digits(target: float) -> int:
    """Return how many digits behind the point a percentage of the target needs."""
    return len(f"{100 * target:.10g}".partition(".")[2])
