"""What `alpaplan simulate --window` prints: attainment over time."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from alpaplan.analysis.drift import Drift
from alpaplan.report.tables import percent, table
from alpaplan.units import format_seconds

MAX_ROWS = 100
"""Longest table of windows shown; JSON has all of them."""

BAR_WIDTH = 20
"""Columns of the bar of the window that misses most."""


def drift_tables(drift: Drift) -> RenderableType:
    """Return a row for each window, and whether it is time to plan again."""
    columns = ("from", "requests", "attained", "attainment", "p99")
    title = f"Windows of {format_seconds(drift.window_s)}"
    made = table(title, *columns, "missed", "", right=columns)
    worst = max(_missed(drift, index) for index in range(len(drift.windows)))
    below = set(drift.below)
    for index, window in enumerate(drift.windows[:MAX_ROWS]):
        missed = _missed(drift, index)
        # What is missed is seen, however little it is.
        length = max(1, round(BAR_WIDTH * missed / worst)) if missed else 0
        made.add_row(
            f"{window.start_s:,.6g} s",
            f"{window.requests:,}",
            f"{window.attained:,}",
            percent(window.slo_attainment),
            format_seconds(window.latency.p99_s),
            "\u2588" * length,
            "below" if index in below else "",
        )
    hidden = len(drift.windows) - MAX_ROWS
    made.caption = f"and {hidden:,} more" if hidden > 0 else None
    return _with_verdict(drift, made)


def _missed(drift: Drift, index: int) -> float:
    window = drift.windows[index]
    return 1 - window.slo_attainment if window.requests else 0.0


def _with_verdict(drift: Drift, windows: Table) -> RenderableType:
    if drift.at_least is None:
        return Group(windows, Text("the plan has no prediction interval to compare with"))
    expected = (
        f"the plan predicts (at least {percent(drift.at_least[0])}, the lower end of the 95% "
        "prediction interval of such a window)"
    )
    if not drift.below:
        return Group(windows, Text(f"no window is below what {expected}"))
    num_below, first = len(drift.below), drift.windows[drift.below[0]].start_s
    text = Text(f"below what {expected} in ", style="")
    text.append(f"{num_below:,} of {len(drift.windows):,} windows", style="bold red")
    text.append(f", first from {first:,.6g} s on")
    return Group(windows, text)
