"""Trace files: ``arrival_s,model`` rows in time order, as CSV, plain or compressed."""

from __future__ import annotations

import csv
import gzip
import io
import math
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.reading import decode_text, read_unpacked
from alpaplan.files.writing import write_atomically
from alpaplan.units import format_value
from alpaplan.workload.trace import Trace

if TYPE_CHECKING:
    from _csv import Reader as _Reader

HEADER = ["arrival_s", "model"]

MAX_SHOWN_LINES = 20
"""Most problems of one trace that are shown: its lines are usually all wrong alike."""

MAX_TEXT_BYTES = 2**30
"""Largest uncompressed trace, some fifty million requests: stops compressed bombs."""

_CHUNK_ROWS = 2_000  # few, since the garbage collector walks all rows that are alive

_SEPARATOR = "_"
"""Python reads 1_000 as a number; no other reader of a trace would."""


def is_trace_path(path: Path) -> bool:
    """Whether a file's name says that it is a trace."""
    return path.name.endswith((".csv", ".csv.gz"))


def read_trace(path: Path) -> Trace:
    """Read a trace; models are numbered in order of first appearance.

    Raises
    ------
    InputError
        If it cannot be read, or with what is wrong with its lines, the first
        `MAX_SHOWN_LINES` of them.
    """
    text = decode_text(path, read_unpacked(path, MAX_TEXT_BYTES))
    reader = csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), strict=True)
    problems = _Problems(path)
    try:
        _require_header(path, next(reader, []))
        trace = _parse(reader, problems)
    except csv.Error as error:
        raise InputError([f"{path}:{reader.line_num}: not valid CSV: {error}"]) from error
    problems.raise_any()
    if trace.num_requests == 0:
        raise InputError([f"{path}:1: must have at least one row, found only the header"])
    return trace


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace, compressed if the name ends in ``.gz``; the same trace gives the same bytes.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    names = trace.model_names
    writer.writerows(
        (repr(time), names[model])
        for time, model in zip(trace.arrival_s.tolist(), trace.model.tolist(), strict=True)
    )
    data = stream.getvalue().encode()
    if path.name.endswith(".gz"):
        packed = io.BytesIO()
        # No file name and no time in the header, else equal traces would differ.
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=packed, mtime=0) as archive:
            archive.write(data)
        data = packed.getvalue()
    write_atomically(path, data)


def _require_header(path: Path, header: list[str]) -> None:
    if header != HEADER:
        found = format_value(",".join(header)) if header else "an empty line or file"
        raise InputError([f"{path}:1: must begin with {','.join(HEADER)!r}, found {found}"])


def _parse(reader: _Reader, problems: _Problems) -> Trace:
    """Read all rows; problems found on the way are added, and such rows left out."""
    times = [np.empty(0)]
    models = [np.empty(0, dtype=np.int32)]
    index: dict[str, int] = {}
    previous_s = 0.0
    line = reader.line_num + 1
    while rows := list(islice(reader, _CHUNK_ROWS)):
        columns = _columns(rows, previous_s)
        if columns is None:
            previous_s = problems.find(rows, line, previous_s)
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
    if not np.isfinite(times_s).all() or times_s[0] < previous_s or (np.diff(times_s) < 0).any():
        return None
    return times_s, names


class _Problems:
    """What is wrong with the lines of one trace: the first few in words, the rest counted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []
        self._num_more = 0

    def find(self, rows: list[list[str]], first_line: int, previous_s: float) -> float:
        """Look at rows one by one, after a row at `previous_s`; return the last good time."""
        for line, row in enumerate(rows, start=first_line):
            message, time_s = _judge(row, previous_s)
            previous_s = previous_s if time_s is None else time_s
            if message is None:
                continue
            if len(self._lines) < MAX_SHOWN_LINES:
                self._lines.append(f"{self._path}:{line}: {message}")
            else:
                self._num_more += 1
        return previous_s

    def raise_any(self) -> None:
        """Raise an `InputError` if something was found."""
        if self._num_more:
            self._lines.append(f"{self._path}: and {self._num_more:,} more")
        if self._lines:
            raise InputError(self._lines)


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
    if time_s < previous_s:
        message = f"must not be before the row above ({previous_s!r}), found {format_value(text)}"
        return f"arrival_s: {message}", time_s
    return (None if model else "model: must not be empty, found nothing"), time_s
