"""The tables that `alpaplan workload stats` prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number
from alpaplan.units import format_count, format_seconds
from alpaplan.workload.statistics import DISPERSION_WINDOWS_S, PEAK_WINDOW_S
from alpaplan.workload.token_statistics import QUANTILES
from alpaplan.workload.traffic import ModelTraffic, TrafficSummary

SPARKLINE_PARTS = 20
"""Parts that the time is divided into for a sparkline: what fits beside the numbers."""

MAX_ROWS = 40
"""Most models shown; JSON has all."""

_OPTIONAL = ("rate over time", "peak/mean", f"I({DISPERSION_WINDOWS_S[-1]:g} s)")
"""Columns that are left out where there is no room, the first one first."""

_Column = tuple[str, bool, Callable[[ModelTraffic], str]]
"""Header, whether it is set to the right, and what it shows of a model."""

_BLOCKS = " ▁▂▃▄▅▆▇█"

_NOTES = (
    "I(w): index of dispersion, variance over mean of the counts in windows of w; Poisson has 1",
    f"peak/mean: busiest window of {PEAK_WINDOW_S:g} s relative to the mean",
)


def traffic_tables(
    summary: TrafficSummary, rates: Mapping[str | None, Sequence[float]]
) -> RenderableType:
    """Return a headline and a row for each of the busiest models and for all together.

    Parameters
    ----------
    summary
        What to show.
    rates
        Model name -> its rate over time, for all models of a trace; None -> that of all together.
    """
    columns = _columns(summary, rates)
    numbers = [title for title, to_the_right, _ in columns if to_the_right]
    titles = [title for title, _, _ in columns]
    optional = [title for title in _OPTIONAL if title in titles]
    made = Table("Models", *titles, right=numbers, optional=optional)
    busiest = sorted(summary.models, key=lambda one: -_sortable(one.measured.rate_rps))
    for one in (*busiest[:MAX_ROWS], summary.overall):
        style = "bold" if one is summary.overall else ""
        made.add_row(*(show(one) for _, _, show in columns), style=style)
    made.hide_rows(len(busiest) - MAX_ROWS, "models")
    is_measured = any(one.process == "trace" for one in summary.models)
    notes = _NOTES if is_measured else _NOTES[:1]
    shown_notes = (Paragraph(note, style="dim") for note in notes)
    return Group(_headline(summary), made, *shown_notes, *_token_tables(busiest))


def _token_tables(models: Sequence[ModelTraffic]) -> list[RenderableType]:
    """Return a table of token counts, if any model has them."""
    found = [(one.measured.name or "", one.tokens) for one in models if one.tokens is not None]
    if not found:
        return []
    quantiles = [f"p{round(100 * quantile)}" for quantile in QUANTILES]
    columns = [
        *(f"input {title}" for title in ("mean", *quantiles)),
        *(f"output {title}" for title in ("mean", *quantiles)),
        "longest",
        "correlation",
    ]
    made = Table("Tokens", "model", *columns, right=columns, optional=("input p90", "output p90"))
    for name, tokens in found[:MAX_ROWS]:
        counts = (tokens.input_tokens, tokens.output_tokens)
        numbers = [value for one in counts for value in (one.mean, *one.quantiles)]
        longest = f"{tokens.total_tokens.largest:,}"
        made.add_row(name, *map(_text, numbers), longest, _fraction(tokens.correlation))
    made.hide_rows(len(found) - MAX_ROWS, "models")
    note = "longest: input and output together; correlation: of input and output"
    return [Text(), made, Paragraph(note, style="dim")]


def sparkline(rates: Sequence[float]) -> str:
    """Draw rates over time as a line of blocks, the highest one for the largest rate.

    Only a rate of exactly 0 is blank.
    """
    highest = max(rates, default=0.0)
    if not highest > 0:  # nor if it is NaN: a trace of one instant
        return ""
    return "".join(_BLOCKS[math.ceil(rate / highest * (len(_BLOCKS) - 1))] for rate in rates)


def _headline(summary: TrafficSummary) -> Paragraph:
    rate_rps = summary.overall.measured.rate_rps
    text = f" of {format_count(len(summary.models), 'model')}"
    if summary.duration_s is not None:
        counted = format_count(summary.overall.requests or 0, "request")
        text += f": {counted} in {format_seconds(summary.duration_s)}"
    return Paragraph((f"{_text(rate_rps)} requests/s", "bold"), text)


def _columns(summary: TrafficSummary, rates: Mapping[str | None, Sequence[float]]) -> list[_Column]:
    """Return what there is to show: of processes no counts, of a trace no processes."""

    def dispersion(index: int) -> Callable[[ModelTraffic], str]:
        return lambda one: _text(one.measured.dispersion[index])

    def over_time(one: ModelTraffic) -> str:
        return sparkline(rates[one.measured.name])

    name: list[_Column] = [("model", False, lambda one: one.measured.name or "all")]
    process: list[_Column] = [("process", False, lambda one: one.process or "")]
    requests: list[_Column] = [
        ("requests", True, lambda one: "-" if one.requests is None else f"{one.requests:,}")
    ]
    always: list[_Column] = [
        ("rate/s", True, lambda one: _text(one.measured.rate_rps)),
        ("CV", True, lambda one: _text(one.measured.cv)),
    ]
    windows: list[_Column] = [
        (f"I({window_s:g} s)", True, dispersion(index))
        for index, window_s in enumerate(DISPERSION_WINDOWS_S)
    ]
    limit: list[_Column] = [("I(long)", True, lambda one: _text(one.dispersion_limit))]
    peak: list[_Column] = [("peak/mean", True, lambda one: _text(one.measured.peak_over_mean))]
    # To the right as numbers are, which are not broken into lines either.
    line: list[_Column] = [("rate over time", True, over_time)]
    if summary.source == "trace":
        return name + requests + always + windows + peak + line
    if any(one.process == "trace" for one in summary.models):
        return name + process + requests + always + windows + limit + peak
    return name + process + always + limit


def _text(value: float) -> str:
    # A variance may well be infinite, and is not unknown for that.
    return "inf" if value == math.inf else number(value)


def _sortable(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _fraction(value: float) -> str:
    # The sum with 0 takes the sign off what rounds to it.
    return "-" if math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"
