"""Trace files: ``arrival_s,model`` rows in time order, as CSV, plain or compressed.

Traces with requests of LLMs have their token counts too: ``input_tokens,output_tokens``.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.csv_columns import (
    MAX_TIME_S,
    MAX_TOKENS,
    NameIndex,
    known_token_column,
    name_column,
    second_column,
)
from alpaplan.files.csv_table import Chunk, CsvTable
from alpaplan.files.line_issues import LineIssues
from alpaplan.files.reading import too_many_bytes
from alpaplan.files.trace_rows import END, NUM_ROWS, Tokens, TraceRows
from alpaplan.files.writing import OutputStream, open_atomically
from alpaplan.units import format_value
from alpaplan.workload.trace import Trace

HEADER = ["arrival_s", "model"]
TOKENS_HEADER = [*HEADER, "input_tokens", "output_tokens"]

MAX_REQUESTS = 100_000_000
"""Most requests of a trace (a count): 1.2 GB of memory, and twice that while they are read."""

MAX_TEXT_BYTES = 2**34
"""Largest uncompressed trace (bytes), 170 for each request: stops compressed bombs."""

WriteArrivals = Callable[[NDArray[np.float64], NDArray[Any], Tokens], None]
"""Adds arrivals to a trace that is being written: times, indices of models, and token counts."""


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


def read_trace(path: Path, *, only_counts: bool = False) -> TraceFile:
    """Read a trace; models are numbered in order of first appearance.

    Cells of token counts that have none are 0 in it: only rows of LLMs need them.

    Parameters
    ----------
    path
        The file.
    only_counts
        Whether these cells must be empty then: a check of a trace alone, which does not know the
        LLMs, takes anything else for a mistake.

    Raises
    ------
    InputError
        If it cannot be read, or with what is wrong with its lines, the first
        `line_issues.MAX_SHOWN_LINES` of them.
    """
    issues = LineIssues(path)
    table = CsvTable(path, issues, skip_blank=False, max_bytes=MAX_TEXT_BYTES)
    has_tokens = table.match_header(HEADER, TOKENS_HEADER) == 1
    times = [np.empty(0)]
    models = [np.empty(0, dtype=np.int32)]
    tokens: tuple[list[NDArray[np.int32]], ...] = ([], [])
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
        for column, counts in enumerate(tokens if has_tokens else (), len(HEADER)):
            counts.append(known_token_column(chunk, column))
            if only_counts:
                _check_counts(chunk, column, counts[-1])
    table.require_rows()
    issues.raise_any()
    arrival_s = _joined(times)
    duration_s = float(arrival_s[-1] - arrival_s[0])
    trace = Trace(
        arrival_s,
        _joined(models),
        index.names,
        duration_s,
        *(_joined(counts) for counts in tokens if has_tokens),
    )
    return TraceFile(path, table.sha256, trace)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Join the parts of a column, and let go of them: they are as large as what comes of them."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


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


def _check_counts(chunk: Chunk, column: int, counts: NDArray[np.int32]) -> None:
    """Note cells without a count that are not empty."""
    texts = chunk.column(column)
    for row in np.flatnonzero(counts == 0).tolist():
        if texts[row]:
            what = f"must be empty or a whole number from 1 to {MAX_TOKENS:,}"
            found = format_value(texts[row])
            chunk.issues.add(chunk.lines[row], f"{chunk.header[column]}: {what}, found {found}")


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace, compressed if the name ends in ``.gz``; the same trace gives the same bytes.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    tokens: Tokens = None
    if trace.input_tokens is not None and trace.output_tokens is not None:
        tokens = (trace.input_tokens, trace.output_tokens)
    with trace_writer(path, trace.model_names, has_tokens=tokens is not None) as write:
        write(trace.arrival_s, trace.model, tokens)


@contextmanager
def trace_writer(
    path: Path, model_names: Sequence[str], *, has_tokens: bool
) -> Iterator[WriteArrivals]:
    """Write a trace part by part; it appears when the block ends without an error.

    Parameters
    ----------
    path
        The file, compressed if its name ends in ``.gz``.
    model_names
        Names of the models.
    has_tokens
        Whether it has columns of token counts.

    Yields
    ------
    WriteArrivals
        Adds arrivals: their times, float64[n], their models, whole numbers [n] that are indices
        into `model_names`, and their token counts, None without `has_tokens`. The parts must be in
        time order. How the arrivals are divided into parts leaves no mark in the file.

    Raises
    ------
    InputError
        If the file cannot be written, a time is later than `MAX_TIME_S`, or the trace is larger
        than what `read_trace` reads.
    """
    rows = TraceRows(model_names, has_tokens=has_tokens)
    with open_atomically(path) as stream, ExitStack() as stack:
        target: OutputStream | gzip.GzipFile = stream
        if path.name.endswith(".gz"):
            # No file name and no time in the header, else equal traces would differ.
            target = gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0)
            stack.enter_context(target)
        num_requests = 0
        header = TOKENS_HEADER if has_tokens else HEADER
        num_bytes = target.write(f"{','.join(header)}{END}".encode())

        def write(arrival_s: NDArray[np.float64], model: NDArray[Any], tokens: Tokens) -> None:
            nonlocal num_requests, num_bytes
            if arrival_s.size and arrival_s[-1] > MAX_TIME_S:
                what = f"must be at most {MAX_TIME_S:g}, found {float(arrival_s[-1]):g}"
                raise InputError([f"{path}: arrival_s: {what}"])
            num_requests += arrival_s.size
            if num_requests > MAX_REQUESTS:
                raise InputError([f"{path}: {_too_many()}"])
            for first in range(0, arrival_s.size, NUM_ROWS):
                part = slice(first, first + NUM_ROWS)
                counts = None if tokens is None else (tokens[0][part], tokens[1][part])
                num_bytes += target.write(rows.text(arrival_s[part], model[part], counts).encode())
                if num_bytes > MAX_TEXT_BYTES:
                    raise InputError([f"{path}: {too_many_bytes(MAX_TEXT_BYTES)}"])

        yield write


def _too_many() -> str:
    return f"must have at most {MAX_REQUESTS:,} requests, found more"
