"""What `alpaplan simulate --window` prints: attainment over time."""

from __future__ import annotations

from rich.console import Group, RenderableType

from alpaplan.analysis.drift import Drift
from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import percent
from alpaplan.units import format_seconds

MAX_ROWS = 100
"""Longest table of windows shown; JSON has all of them."""

BAR_WIDTH = 20
"""Columns of the bar of the window that misses most."""


def drift_tables(drift: Drift) -> RenderableType:
    """Return a row for each window, and whether it is time to plan again."""
    columns = ("from", "requests", "attained", "attainment", "p99")
    title = f"Windows of {format_seconds(drift.window_s)}"
    if drift.windows[0].start_s:
        # Such as seconds since 1970, of which a table has no room for the digits that matter.
        title += f", counted from {drift.windows[0].start_s:,.10g} s of the trace"
    made = Table(title, *columns, "missed", "", right=columns, optional=["missed"])
    worst = max(drift.missed)
    begin_s = drift.windows[0].start_s
    below = set(drift.below)
    shown = zip(drift.windows[:MAX_ROWS], drift.missed, strict=False)
    for index, (window, missed) in enumerate(shown):
        # What is missed is seen, however little it is.
        length = max(1, round(BAR_WIDTH * missed / worst)) if missed else 0
        made.add_row(
            f"{window.start_s - begin_s:,.6g} s",
            f"{window.requests:,}",
            f"{window.attained:,}",
            percent(window.slo_attainment),
            format_seconds(window.latency.p99_s),
            "\u2588" * length,
            "below" if index in below else "",
        )
    made.hide_rows(len(drift.windows) - MAX_ROWS)
    return _with_verdict(drift, made)


def _with_verdict(drift: Drift, windows: Table) -> RenderableType:
    if drift.at_least is None:
        return Group(windows, Paragraph("the plan has no prediction interval to compare with"))
    expected = (
        f"the plan predicts (at least {percent(drift.at_least[0])}, the lower end of the 95% "
        "prediction interval for such a window)"
    )
    if not drift.below:
        return Group(windows, Paragraph(f"no window is below what {expected}"))
    begin_s = drift.windows[0].start_s
    num_below, first = len(drift.below), drift.windows[drift.below[0]].start_s - begin_s
    text = Paragraph(
        f"below what {expected} in ",
        (f"{num_below:,} of {len(drift.windows):,} windows", "bold red"),
        f", first from {first:,.6g} s on",
    )
    return Group(windows, text)
