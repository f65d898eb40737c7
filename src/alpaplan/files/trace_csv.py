"""Trace files: ``arrival_s,model`` rows in time order, as CSV, plain or compressed."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.csv_columns import MAX_TIME_S, NameIndex, name_column, second_column
from alpaplan.files.csv_table import Chunk, CsvTable
from alpaplan.files.line_issues import LineIssues
from alpaplan.files.reading import too_many_bytes
from alpaplan.files.writing import OutputStream, open_atomically
from alpaplan.units import format_value
from alpaplan.workload.trace import Trace

HEADER = ["arrival_s", "model"]

MAX_REQUESTS = 100_000_000
"""Most requests of a trace (a count): 1.2 GB of memory, and twice that while they are read."""

MAX_TEXT_BYTES = 2**34
"""Largest uncompressed trace (bytes), 170 for each request: stops compressed bombs."""

_WRITTEN_ROWS = 1 << 16
"""Rows that become text in one go: few enough to stay small, enough to hide Python."""

WriteArrivals = Callable[[NDArray[np.float64], NDArray[Any]], None]
"""Adds arrivals to a trace that is being written: times and indices of models."""


def is_trace_path(path: Path) -> bool:
    """Whether a file's name says that it is a trace."""
    return path.name.endswith((".csv", ".csv.gz"))


@dataclass(frozen=True)
class TraceFile:
    """A trace with the file that it was read from.

    Parameters
    ----------
    path
        As the user gave it.
    sha256
        Hash of the bytes that were read, compressed if the file is, in hexadecimal.
    trace
        What the file says.
    """

    path: Path
    sha256: str
    trace: Trace


def read_trace(path: Path) -> TraceFile:
    """Read a trace; models are numbered in order of first appearance.

    Raises
    ------
    InputError
        If it cannot be read, or with what is wrong with its lines, the first
        `line_issues.MAX_SHOWN_LINES` of them.
    """
    issues = LineIssues(path)
    table = CsvTable(path, issues, skip_blank=False, max_bytes=MAX_TEXT_BYTES)
    table.match_header(HEADER)
    times = [np.empty(0)]
    models = [np.empty(0, dtype=np.int32)]
    index = NameIndex()
    num_requests, last_s = 0, 0.0
    for chunk in table.chunks():
        time_s = second_column(chunk, 0, minimum=0.0)
        model = index.numbers(name_column(chunk, 1), issues)
        last_s = _check_order(chunk, time_s, last_s)
        num_requests += time_s.size
        if num_requests > MAX_REQUESTS:
            raise issues.refusal(None, _too_many())
        times.append(time_s)
        models.append(model)
    table.require_rows()
    issues.raise_any()
    arrival_s = np.concatenate(times)
    times.clear()  # as large as what came of them
    duration_s = float(arrival_s[-1] - arrival_s[0])
    return TraceFile(
        path, table.sha256, Trace(arrival_s, np.concatenate(models), index.names, duration_s)
    )


def _check_order(chunk: Chunk, time_s: NDArray[np.float64], last_s: float) -> float:
    """Note times before that of the row above, and return the last time.

    Parameters
    ----------
    chunk, time_s
        Rows and their times; those that are NaN are not compared.
    last_s
        Time of the row before them.
    """
    rows = np.flatnonzero(~np.isnan(time_s))
    above_s = np.concatenate([[last_s], time_s[rows]])
    for position in np.flatnonzero(above_s[1:] < above_s[:-1]).tolist():
        row = int(rows[position])
        what = f"must not be before the row above ({float(above_s[position])!r})"
        found = format_value(chunk.column(0)[row])
        chunk.issues.add(chunk.lines[row], f"{chunk.header[0]}: {what}, found {found}")
    return float(above_s[-1])


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace, compressed if the name ends in ``.gz``; the same trace gives the same bytes.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with trace_writer(path, trace.model_names) as write:
        write(trace.arrival_s, trace.model)


@contextmanager
def trace_writer(path: Path, model_names: Sequence[str]) -> Iterator[WriteArrivals]:
    """Write a trace part by part; it appears when the block ends without an error.

    Yields
    ------
    WriteArrivals
        Adds arrivals: their times, float64[n], and their models, whole numbers [n] that are
        indices into `model_names`. The parts must be in time order. How the arrivals are
        divided into parts leaves no mark in the file.

    Raises
    ------
    InputError
        If the file cannot be written, a time is later than `MAX_TIME_S`, or the trace is larger
        than what `read_trace` reads.
    """
    endings = [f",{_as_field(name)}\n" for name in model_names]
    with open_atomically(path) as stream, ExitStack() as stack:
        target: OutputStream | gzip.GzipFile = stream
        if path.name.endswith(".gz"):
            # No file name and no time in the header, else equal traces would differ.
            target = gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0)
            stack.enter_context(target)
        num_requests = 0
        num_bytes = target.write(f"{','.join(HEADER)}\n".encode())

        def write(arrival_s: NDArray[np.float64], model: NDArray[Any]) -> None:
            nonlocal num_requests, num_bytes
            if arrival_s.size and arrival_s[-1] > MAX_TIME_S:
                what = f"must be at most {MAX_TIME_S:g}, found {float(arrival_s[-1]):g}"
                raise InputError([f"{path}: arrival_s: {what}"])
            num_requests += arrival_s.size
            if num_requests > MAX_REQUESTS:
                raise InputError([f"{path}: {_too_many()}"])
            for first in range(0, arrival_s.size, _WRITTEN_ROWS):
                part = slice(first, first + _WRITTEN_ROWS)
                rows = zip(
                    map(repr, arrival_s[part].tolist()),
                    map(endings.__getitem__, model[part].tolist()),
                    strict=True,
                )
                num_bytes += target.write("".join(chain.from_iterable(rows)).encode())
                if num_bytes > MAX_TEXT_BYTES:
                    raise InputError([f"{path}: {too_many_bytes(MAX_TEXT_BYTES)}"])

        yield write


def _too_many() -> str:
    return f"must have at most {MAX_REQUESTS:,} requests, found more"


def _as_field(name: str) -> str:
    """Return a model's name as CSV writes it."""
    stream = io.StringIO(newline="")
    # A field before it, since a row of one empty field would be quoted; and both characters that
    # end lines, since others are not quoted before Python 3.13.
    csv.writer(stream, lineterminator="\r\n").writerow(["", name])
    return stream.getvalue()[1:-2]
