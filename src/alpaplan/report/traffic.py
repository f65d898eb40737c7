"""The tables that `alpaplan workload stats` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from alpaplan.report.tables import table
from alpaplan.units import format_seconds
from alpaplan.workload.statistics import DISPERSION_WINDOWS_S, PEAK_WINDOW_S
from alpaplan.workload.traffic import ModelTraffic, TrafficSummary

SPARKLINE_PARTS = 24
"""Parts that the time is divided into for a sparkline: what fits beside the numbers."""

_BLOCKS = " ▁▂▃▄▅▆▇█"

_NOTES = (
    "I(w): index of dispersion, variance over mean of the counts in windows of w; Poisson has 1",
    f"peak/mean: fullest window of {PEAK_WINDOW_S:g} s over the mean one",
)


def traffic_tables(
    summary: TrafficSummary, rates: Mapping[str, NDArray[np.float64]]
) -> RenderableType:
    """Return a headline and a row for each model, busiest first.

    Parameters
    ----------
    summary
        What to show.
    rates
        Model name -> its rate over time, float64[num_parts], for models with recorded arrivals.
    """
    return Group(_headline(summary), _measured(summary, rates), *map(_note, _NOTES))


def sparkline(rates: NDArray[np.float64]) -> str:
    """Draw rates over time as a line of blocks, the highest one for the largest rate.

    Only a rate of exactly 0 is blank.
    """
    highest = float(np.max(rates, initial=0.0))
    if not highest > 0:
        return ""
    steps = np.ceil(rates / highest * (len(_BLOCKS) - 1)).astype(int)
    return "".join(_BLOCKS[step] for step in steps)


def _headline(summary: TrafficSummary) -> Text:
    rate_rps = summary.overall.measured.rate_rps
    headline = Text(f"{_text(rate_rps)} requests/s", style="bold")
    headline.append(f" of {len(summary.models):,} models", style="not bold")
    if summary.duration_s is not None:
        requests = f"{summary.overall.requests:,}"
        took = format_seconds(summary.duration_s)
        headline.append(f": {requests} requests in {took}", style="not bold")
    return headline


def _measured(summary: TrafficSummary, rates: Mapping[str, NDArray[np.float64]]) -> Table:
    windows = [f"I({window_s:g} s)" for window_s in DISPERSION_WINDOWS_S]
    is_workload = summary.source == "workload"
    limit = ["I(long)"] if is_workload else []
    numbers = ["requests", "rate/s", "CV", *windows, *limit, "peak/mean"]
    kind = ["process"] if is_workload else []
    made = table("Models", "model", *kind, *numbers, "rate over time", right=numbers)
    busiest = sorted(summary.models, key=lambda one: -_sortable(one.measured.rate_rps))
    for one in (*busiest, summary.overall):
        name = one.measured.name
        cells = [Text(name) if name is not None else Text("all", style="bold")]
        cells += [Text(one.process or "")] if is_workload else []
        cells += [Text("-" if one.requests is None else f"{one.requests:,}")]
        cells += map(Text, _cells(one, is_workload))
        shown = rates.get(name) if name is not None else _total(rates)
        alone = name is None and is_workload
        cells.append(Text("" if shown is None or alone else sparkline(shown)))
        made.add_row(*cells)
    return made


def _cells(one: ModelTraffic, is_workload: bool) -> list[str]:
    measured = one.measured
    limit = [one.dispersion_limit] if is_workload else []
    numbers = [measured.rate_rps, measured.cv, *measured.dispersion, *limit]
    return [_text(number) for number in (*numbers, measured.peak_over_mean)]


def _note(text: str) -> Text:
    return Text(text, style="dim")


def _total(rates: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    return np.sum(list(rates.values()), axis=0) if rates else None


def _text(number: float) -> str:
    return (
        f"{number:.3g}"
        if abs(number) < 1000
        else f"{number:,.0f}"
        if math.isfinite(number)
        else "-"
    )


def _sortable(number: float) -> float:
    return number if math.isfinite(number) else 0.0
