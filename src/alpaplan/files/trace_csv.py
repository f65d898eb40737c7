"""Trace files: ``arrival_s,model`` rows in time order, as CSV, plain or compressed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.line_problems import LineProblems
from alpaplan.files.reading import decode_text, read_bytes, unpack
from alpaplan.files.writing import OutputStream, open_atomically
from alpaplan.units import format_value
from alpaplan.workload.trace import Trace

if TYPE_CHECKING:
    from _csv import Reader as _Reader

HEADER = ["arrival_s", "model"]

MAX_TEXT_BYTES = 2**30
"""Largest uncompressed trace, some fifty million requests: stops compressed bombs."""

MAX_TIME_S = 1e11
"""Latest time (seconds): 3,000 years after 1970. What is more is not in seconds."""

_CHUNK_ROWS = 2_000  # few, since the garbage collector walks all rows that are alive

_WRITTEN_ROWS = 1 << 16
"""Rows that become text in one go: few enough to stay small, enough to hide Python."""

WriteArrivals = Callable[[NDArray[np.float64], NDArray[Any]], int]
"""Adds arrivals to a trace that is being written: times and indices of models. Returns the bytes
that they take before they are compressed."""

_SEPARATOR = "_"
"""Python reads 1_000 as a number; no other reader of a trace would."""


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
        `line_problems.MAX_SHOWN_LINES` of them.
    """
    data = read_bytes(path)
    text = decode_text(path, unpack(path, data, MAX_TEXT_BYTES))
    reader = csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), strict=True)
    problems = LineProblems(path)
    try:
        _require_header(path, next(reader, []))
        trace = _parse(reader, problems)
    except csv.Error as error:
        raise InputError([f"{path}:{reader.line_num}: not valid CSV: {error}"]) from error
    problems.raise_any()
    if trace.num_requests == 0:
        raise InputError([f"{path}:1: must have at least one row, found only the header"])
    return TraceFile(path, hashlib.sha256(data).hexdigest(), trace)


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
        If the file cannot be written, or if a time is later than `MAX_TIME_S`.
    """
    endings = [f",{_as_field(name)}\n" for name in model_names]
    with open_atomically(path) as stream, ExitStack() as stack:
        target: OutputStream | gzip.GzipFile = stream
        if path.name.endswith(".gz"):
            # No file name and no time in the header, else equal traces would differ.
            target = gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0)
            stack.enter_context(target)
        target.write(f"{','.join(HEADER)}\n".encode())

        def write(arrival_s: NDArray[np.float64], model: NDArray[Any]) -> int:
            if arrival_s.size and arrival_s[-1] > MAX_TIME_S:
                what = f"must be at most {MAX_TIME_S:g}, found {float(arrival_s[-1]):g}"
                raise InputError([f"{path}: arrival_s: {what}"])
            num_bytes = 0
            for first in range(0, arrival_s.size, _WRITTEN_ROWS):
                part = slice(first, first + _WRITTEN_ROWS)
                rows = zip(
                    map(repr, arrival_s[part].tolist()),
                    map(endings.__getitem__, model[part].tolist()),
                    strict=True,
                )
                num_bytes += target.write("".join(chain.from_iterable(rows)).encode())
            return num_bytes

        yield write


def _as_field(name: str) -> str:
    """Return a model's name as CSV writes it."""
    stream = io.StringIO(newline="")
    # A field before it, since a row of one empty field would be quoted.
    csv.writer(stream, lineterminator="").writerow(["", name])
    return stream.getvalue()[1:]


def _require_header(path: Path, header: list[str]) -> None:
    if header != HEADER:
        found = format_value(",".join(header)) if header else "an empty line or file"
        raise InputError([f"{path}:1: must begin with {','.join(HEADER)!r}, found {found}"])


def _parse(reader: _Reader, problems: LineProblems) -> Trace:
    """Read all rows; problems found on the way are added, and such rows left out."""
    times = [np.empty(0)]
    models = [np.empty(0, dtype=np.int32)]
    index: dict[str, int] = {}
    previous_s = 0.0
    line = reader.line_num + 1
    while rows := list(islice(reader, _CHUNK_ROWS)):
        columns = _columns(rows, previous_s)
        if columns is None:
            previous_s = _find_problems(problems, rows, line, previous_s)
        else:
            times_s, names = columns
            previous_s = float(times_s[-1])
            times.append(times_s)
            for name in dict.fromkeys(names):
                index.setdefault(name, len(index))
            numbers = map(index.__getitem__, names)
            models.append(np.fromiter(numbers, dtype=np.int32, count=len(names)))
        line = reader.line_num + 1
    arrival_s = np.concatenate(times)
    duration_s = float(arrival_s[-1] - arrival_s[0]) if arrival_s.size else 0.0
    return Trace(arrival_s, np.concatenate(models), tuple(index), duration_s)


def _columns(
    rows: list[list[str]], previous_s: float
) -> tuple[NDArray[np.float64], tuple[str, ...]] | None:
    """Convert many rows at once to times and names; None if `_judge` objects to any of them."""
    if set(map(len, rows)) != {len(HEADER)}:
        return None
    texts, names = zip(*rows, strict=True)
    if "" in names or _SEPARATOR in "".join(texts):
        return None
    try:
        times_s = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        return None
    if not (times_s <= MAX_TIME_S).all() or times_s[0] < previous_s or (np.diff(times_s) < 0).any():
        return None
    return times_s, names


def _find_problems(
    problems: LineProblems, rows: list[list[str]], first_line: int, previous_s: float
) -> float:
    """Look at rows one by one, after a row at `previous_s`; return the last good time."""
    for line, row in enumerate(rows, start=first_line):
        message, time_s = _judge(row, previous_s)
        previous_s = previous_s if time_s is None else time_s
        if message is not None:
            problems.add(line, message)
    return previous_s


def _judge(row: list[str], previous_s: float) -> tuple[str | None, float | None]:
    """Return what is wrong with a row, and its time if that can be compared with."""
    if len(row) != len(HEADER):
        return f"must have {len(HEADER)} columns, found {len(row) or 'an empty line'}", None
    text, model = row
    try:
        time_s = math.nan if _SEPARATOR in text else float(text)
    except ValueError:
        return f"arrival_s: must be a number, found {format_value(text)}", None
    if not math.isfinite(time_s):
        return f"arrival_s: must be a finite number, found {format_value(text)}", None
    if time_s < 0:
        return f"arrival_s: must be at least 0, found {format_value(text)}", None
    if time_s > MAX_TIME_S:
        return f"arrival_s: must be at most {MAX_TIME_S:g}, found {format_value(text)}", None
    if time_s < previous_s:
        message = f"must not be before the row above ({previous_s!r}), found {format_value(text)}"
        return f"arrival_s: {message}", time_s
    return (None if model else "model: must not be empty, found nothing"), time_s
