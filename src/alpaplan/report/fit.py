"""The table that `alpaplan workload fit` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType

from alpaplan.report.prose import Paragraph
from alpaplan.report.tables import Table
from alpaplan.report.text import number, some_names
from alpaplan.specs.arrivals import (
    ArrivalsSpec,
    GammaArrivals,
    MmppArrivals,
    PiecewiseArrivals,
    WeibullArrivals,
)
from alpaplan.units import format_count, format_seconds
from alpaplan.workload.fitting.law import MIN_REQUESTS
from alpaplan.workload.fitting.lengths import LengthsFit
from alpaplan.workload.fitting.mmpp import MIN_REQUESTS_MMPP
from alpaplan.workload.fitting.trace_fit import ModelFit

MAX_ROWS = 40
"""Longest table shown; the workload document has all models."""


LENGTHS_NOTE = (
    "ks: distance of the counts from lognormal ones of the same mean and CV; correlation: of input "
    "and output, which lognormal lengths do not have"
)


def fit_summary(fits: Sequence[ModelFit], window_s: float | None) -> RenderableType:
    """Return a row for each model, and what had to give way.

    Parameters
    ----------
    fits
        What was fitted.
    window_s
        Length of the windows, None without.
    """
    columns = ("model", "requests", "rate", "cv", "process", "ks", "gain")
    title = f"Fitted processes ({len(fits):,})"
    if window_s is not None:
        title += f", by windows of {format_seconds(window_s)}"
    made = Table(title, *columns, right=("requests", "rate", "cv", "ks", "gain"))
    for fit in fits[:MAX_ROWS]:
        made.add_row(
            fit.name,
            f"{fit.num_requests:,}",
            f"{number(fit.rate_rps, 4)}/s",
            _number(fit.cv, ".3g"),
            describe_process(fit.arrivals, fit),
            _number(fit.distance, ".3f"),
            _number(fit.gain, ".2f"),
        )
    made.hide_rows(len(fits) - MAX_ROWS, "models")
    return Group(made, *(Paragraph(line, style="yellow") for line in _notes(fits)))


def lengths_summary(fits: Sequence[LengthsFit]) -> RenderableType:
    """Return a row for each LLM: its token counts, the lengths chosen, and how well a law fits."""
    columns = (
        "input mean", "input cv", "output mean", "output cv",
        "correlation", "input ks", "output ks",
    )  # fmt: skip
    made = Table(f"Fitted lengths ({len(fits):,})", "model", *columns, "lengths", right=columns)
    for fit in fits[:MAX_ROWS]:
        measured = fit.measured
        counts = (measured.input_tokens, measured.output_tokens)
        moments = [text for one in counts for text in (number(one.mean, 4), f"{one.cv:.3g}")]
        made.add_row(
            fit.name,
            *moments,
            _number(measured.correlation, ".2f"),
            f"{fit.input_distance:.3f}",
            f"{fit.output_distance:.3f}",
            fit.lengths.process,
        )
    made.hide_rows(len(fits) - MAX_ROWS, "models")
    notes = [Paragraph(LENGTHS_NOTE, style="dim")]
    too_long = [fit for fit in fits if fit.num_too_long]
    if too_long:
        requests = format_count(sum(fit.num_too_long for fit in too_long), "request")
        names = some_names([fit.name for fit in too_long], MAX_ROWS)
        text = f"longer than max_context_tokens, so that they fail: {requests} of {names}"
        notes.append(Paragraph(text, style="yellow"))
    return Group(made, *notes)


def describe_process(arrivals: ArrivalsSpec, fit: ModelFit) -> str:
    """Return a process in a few words; of windows, how many have which."""
    match arrivals:
        case PiecewiseArrivals():
            counts = [f"{law} {count}" for law, count in fit.num_windows.items()]
            return ", ".join(counts + ([f"none {fit.num_silent}"] if fit.num_silent else []))
        case GammaArrivals(cv=cv):
            return f"gamma, cv {cv:.3g}"
        case WeibullArrivals(shape=shape):
            return f"weibull, shape {shape:.3g}"
        case MmppArrivals(states=states):
            parts = [
                f"{state.rate_rps:.3g}/s for {format_seconds(state.mean_duration_s)}"
                for state in states
            ]
            return f"mmpp, {', '.join(parts)}"
    return arrivals.process


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def _notes(fits: Sequence[ModelFit]) -> list[str]:
    notes = []
    scarce = [fit for fit in fits if fit.num_scarce]
    if scarce:
        windows = sum(fit.num_scarce for fit in scarce)
        notes.append(
            f"too few requests ({MIN_REQUESTS} are needed, {MIN_REQUESTS_MMPP} for mmpp), so "
            f"Poisson at their own rate: {format_count(windows, 'window')} of {_names(scarce)}"
        )
    coarse = [fit for fit in fits if fit.num_coarse]
    if coarse:
        windows = sum(fit.num_coarse for fit in coarse)
        notes.append(
            "recorded too coarsely for their gaps, so spread at random within each tick: "
            f"{format_count(windows, 'window')} of {_names(coarse)}"
        )
    return notes


def _names(fits: Sequence[ModelFit]) -> str:
    return some_names([fit.name for fit in fits], MAX_ROWS)
