"""From a request log of any size to a trace file: read, sort, assign, scale, write."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.line_issues import FileIssues, RefusedFileError
from alpaplan.files.logs.clock import Clock
from alpaplan.files.logs.records import Form, LogReading, names_of_files
from alpaplan.files.logs.request import ImportOptions, ImportProgress, ImportSummary
from alpaplan.files.logs.sorting import RecordSorter
from alpaplan.files.logs.windows import (
    REQUEST_WINDOW_S,
    Arrivals,
    LogSpan,
    counted_requests,
    drawn_requests,
    law_requests,
    law_window_s,
    logged_requests,
    spread_records,
    window_starts,
)
from alpaplan.files.trace_csv import WriteArrivals, trace_writer
from alpaplan.files.writing import folder_beside, require_writable
from alpaplan.units import format_seconds
from alpaplan.workload.assignment import Assigned
from alpaplan.workload.ticks import TickFinder, Ticks

DIGITS = 9
"""Digits of a second that times in a trace have: logs are no finer, and clocks not as exact."""


def import_log(
    paths: Sequence[Path],
    options: ImportOptions,
    output: Path,
    rng: np.random.Generator,
    progress: ImportProgress,
) -> ImportSummary:
    """Make a trace of a log; the same files, options and generator give the same bytes.

    Raises
    ------
    InputError
        With what is wrong with any of the files, the first lines of each; if nothing of the log
        is left; or if the trace cannot be written.
    """
    require_writable(output, paths)
    with RecordSorter(options.log_format.form.dtype, folder_beside(output)) as sorter:
        reading, requests_before = _read(paths, options, sorter, progress)
        ticks = _ticks(options, sorter, len(reading.functions))
        coarse = None if options.as_recorded else ticks
        span = _span(options, reading, sorter, 0.0 if coarse is None else coarse.lengths_s[-1])
        weight = _requests_of_functions(sorter, span, len(reading.functions))
        assigned = options.assignment.assign(reading.function_names, weight > 0)
        progress.begin("writing", sorter.num_records)
        records = _records(sorter, span, assigned, progress)
        if coarse is not None:
            records = spread_records(records, coarse)
        arrivals = _arrivals(options, records, span, assigned, rng)
        if not reading.has_tokens:
            arrivals = (part._replace(tokens=None) for part in arrivals)
        with trace_writer(output, assigned.model_names, has_tokens=reading.has_tokens) as write:
            written = _write(arrivals, write, assigned, span, options, paths)
        windows = _windows_of_rates(options, sorter, span)
    left_out = (weight > 0) & (assigned.model < 0)
    return ImportSummary(
        requests=int(written.requests.sum()),
        num_models=int(np.count_nonzero(written.requests)),
        duration_s=written.duration_s,
        num_silent_models=int(np.count_nonzero(written.requests == 0)),
        num_left_out=int(np.count_nonzero(left_out)),
        requests_left_out=float(weight[left_out].sum()),
        requests_before=requests_before,
        ticks=ticks,
        begins=_begins(reading, span, options),
        windows=windows,
        has_tokens=reading.has_tokens,
        num_raised=reading.num_raised,
    )


def _read(
    paths: Sequence[Path], options: ImportOptions, sorter: RecordSorter, progress: ImportProgress
) -> tuple[LogReading, int]:
    """Read all files into the sorter; also return how many requests came before time 0."""
    log_format = options.log_format
    reading = LogReading(
        options.time_column,
        options.model_column,
        options.input_column,
        options.output_column,
        options.model,
        clock=Clock(options.time_unit or log_format.time_unit),
        name_functions=log_format.name_functions,
        file_names=names_of_files(paths),
    )
    progress.begin("reading", sum(path.stat().st_size for path in paths if path.is_file()))
    # With dates, the beginning is known only in the end, and with rates how long their windows are.
    span = LogSpan(options.start_s or 0.0, _end_s(options), log_format.window_s or 0.0)
    takes_all = log_format.form is Form.LAW
    issues = FileIssues()
    requests_before = 0
    for path in paths:
        try:
            if log_format.model_is_file:
                reading.model = options.model or reading.file_names[path]
            log = log_format.open(path, issues.of(path), progress.advance)
            for records in log_format.read(log, reading):
                if issues.found:
                    continue  # only to find what else is wrong
                if takes_all or reading.clock.reads_moments:
                    sorter.add(records)
                else:
                    requests_before += int(np.count_nonzero(records["time_s"] < 0))
                    sorter.add(span.taken(records))
        except RefusedFileError:
            continue  # the issues say why
    issues.raise_any()
    return reading, requests_before if options.start_s is None else 0


def _end_s(options: ImportOptions) -> float:
    return math.inf if options.end_s is None else options.end_s


def _ticks(options: ImportOptions, sorter: RecordSorter, num_functions: int) -> Ticks | None:
    """Return the long ticks that times of single requests were recorded in, if they were."""
    if not options.log_format.form.is_request:
        return None
    finder = TickFinder(num_functions)
    for part in sorter.stored():
        finder.add(part["time_s"], part["function"])
    found = finder.ticks((part["time_s"], part["function"]) for part in sorter.in_order())
    return found if found.num_requests else None


def _begins(reading: LogReading, span: LogSpan, options: ImportOptions) -> str | None:
    if not reading.clock.reads_moments:
        return None
    return reading.clock.moment(span.begin_s - (options.start_s or 0.0))


def _windows_of_rates(
    options: ImportOptions, sorter: RecordSorter, span: LogSpan
) -> tuple[int, float] | None:
    if options.log_format.form is not Form.LAW:
        return None
    return len(window_starts(span.taken(part) for part in sorter.stored())), span.window_s


def _span(
    options: ImportOptions, reading: LogReading, sorter: RecordSorter, tick_s: float
) -> LogSpan:
    """Return the part of the log that is taken, now that it is known where the log begins.

    It ends with the last tick, if requests are spread over ticks.
    """
    form = options.log_format.form
    edges = [
        edge
        for part in sorter.stored()
        for edge in (float(part["time_s"].min()), float(part["time_s"].max()))
    ] or [0.0]
    origin_s = min(edges) if reading.clock.reads_moments else 0.0
    window_s, last_s = options.log_format.window_s or 0.0, max(edges) + tick_s
    if form is Form.LAW:
        window_s = law_window_s(sorter.stored(), options.window_s)
        last_s += window_s
    elif form is Form.COUNT:
        last_s = reading.next_file_s
    return LogSpan(
        origin_s + (options.start_s or 0.0), origin_s + _end_s(options), window_s, last_s
    )


def _requests_of_functions(
    sorter: RecordSorter, span: LogSpan, num_functions: int
) -> NDArray[np.float64]:
    """Return each function's requests in the part that is taken, float64[num_functions]."""
    total = np.zeros(num_functions)
    for stored in sorter.stored():
        records = span.taken(stored)
        fields = records.dtype.names or ()
        each: NDArray[Any] | None = None
        if "count" in fields:
            each = records["count"]
        elif "rate_rps" in fields:
            each = records["rate_rps"] * span.window_s
        total += np.bincount(records["function"], each, num_functions)
    return total


def _records(
    sorter: RecordSorter, span: LogSpan, assigned: Assigned, progress: ImportProgress
) -> Iterator[NDArray[np.void]]:
    """Yield the records that are taken and have a model, in time order."""
    for part in sorter.in_order():
        records = span.taken(part)
        yield records[assigned.model[records["function"]] >= 0]
        progress.advance(part.size)


def _arrivals(
    options: ImportOptions,
    records: Iterator[NDArray[np.void]],
    span: LogSpan,
    assigned: Assigned,
    rng: np.random.Generator,
) -> Iterator[Arrivals]:
    form, scaling, model_of = options.log_format.form, options.scaling, assigned.model
    if form is Form.LAW:
        return law_requests(records, span, model_of, scaling, rng)
    if form is Form.COUNT:
        window_s = options.window_s or span.window_s
        return counted_requests(records, span, model_of, window_s, scaling, rng)
    if scaling.keeps_arrivals:
        return logged_requests(records, span, model_of)
    window_s = options.window_s or REQUEST_WINDOW_S
    return drawn_requests(records, span, model_of, window_s, scaling, rng)


@dataclass(frozen=True)
class _Written:
    """Contents of the trace: requests of each model, int64[num_models], and its length."""

    requests: NDArray[np.int64]
    duration_s: float


def _write(
    arrivals: Iterator[Arrivals],
    write: WriteArrivals,
    assigned: Assigned,
    span: LogSpan,
    options: ImportOptions,
    paths: Sequence[Path],
) -> _Written:
    num_models = len(assigned.model_names)
    requests = np.zeros(num_models, dtype=np.int64)
    first_s, last_s = math.nan, math.nan
    for time_s, model, tokens in arrivals:
        inside = (time_s >= 0) & (time_s < span.end_s - span.begin_s)
        kept_s = np.round(time_s[inside] / options.scaling.time, DIGITS)
        if not kept_s.size:
            continue
        first_s = float(kept_s[0]) if math.isnan(first_s) else first_s
        last_s = float(kept_s[-1])
        requests += np.bincount(model[inside], minlength=num_models)
        write(
            kept_s,
            model[inside],
            None if tokens is None else (tokens[inside, 0], tokens[inside, 1]),
        )
    if math.isnan(first_s):
        raise InputError([f"{', '.join(map(str, paths))}: {_nothing(options)}"])
    return _Written(requests, last_s - first_s)


def _nothing(options: ImportOptions) -> str:
    start = "its beginning" if options.start_s is None else format_seconds(options.start_s)
    end = "its end" if options.end_s is None else format_seconds(options.end_s)
    return f"must have requests of assigned functions from {start} to {end}, found none"
