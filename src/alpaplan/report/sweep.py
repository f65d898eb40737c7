"""The table that `alpaplan sweep` prints, and the same as CSV."""

from __future__ import annotations

import csv
import io

from rich.console import Group, RenderableType

from alpaplan.planning.sizes.sweep import Sweep, SweepPoint
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number, percent
from alpaplan.units import format_seconds

CSV_HEADER = (
    "axis",
    "value",
    "method",
    "slo_attainment",
    "low_95",
    "high_95",
    "goodput_rps",
    "latency_mean_s",
    "latency_p50_s",
    "latency_p90_s",
    "latency_p99_s",
    "plan",
)


def sweep_table(swept: Sweep) -> RenderableType:
    """Return a row for each point."""
    headers = (swept.axis, "attains", "95% interval", "goodput/s", "mean", "p50", "p90", "p99")
    title = f"Plans along {swept.axis} ({len(swept.points)})"
    made = Table(title, "method", *headers, right=headers, optional=("p50", "p90", "95% interval"))
    for point in swept.points:
        made.add_row(point.method, number(point.value, 4), *_cells(point))
    reasons = dict.fromkeys(
        f"{swept.axis} {number(point.value, 4)}, {point.method}: {point.reason}"
        for point in swept.points
        if point.reason is not None
    )
    return Group(made, *(Paragraph(reason) for reason in reasons))


def sweep_csv(swept: Sweep) -> str:
    """Return a row for each point as CSV, without the last line's end."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for point in swept.points:
        found = point.to_json_dict(swept.path_of)
        latency_s = found["latency_s"] or {}
        cells = (
            found["slo_attainment"],
            *(found["confidence_interval_95"] or (None, None)),
            found["goodput_rps"],
            *(latency_s.get(key) for key in ("mean", "p50", "p90", "p99")),
            found["plan"],
        )
        texts = ("" if cell is None else str(cell) for cell in cells)
        writer.writerow((swept.axis, f"{point.value:.12g}", point.method, *texts))
    return stream.getvalue().rstrip("\n")


def _cells(point: SweepPoint) -> tuple[str, ...]:
    found = point.prediction
    if found is None:
        return ("-",) * 7
    interval = found.confidence_interval_95
    latency = found.latency_s
    times: tuple[str, ...] = ("-",) * 4
    if latency is not None:
        seconds = (latency.mean, latency.p50, latency.p90, latency.p99)
        times = tuple(format_seconds(each) for each in seconds)
    return (
        percent(found.slo_attainment),
        "-" if interval is None else " to ".join(percent(end) for end in interval),
        "-" if found.goodput_rps is None else number(found.goodput_rps, 4),
        *times,
    )
