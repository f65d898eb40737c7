"""A CSV file of any size, plain or compressed, in chunks of rows with their line numbers."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from alpaplan.errors import InputError
from alpaplan.files.line_problems import LineProblems
from alpaplan.files.reading import decode_text, reason
from alpaplan.units import format_value

BLOCK_BYTES = 1 << 19
"""Text that becomes cells in one go (bytes; 64 KiB to 4 MiB): few enough to stay in the cache."""

MAX_LINE_BYTES = 1 << 24
"""Longest line (bytes): a file without line ends is not read into memory as a whole."""

_COMMA, _LINE_FEED = b",\n"

Advance = Callable[[int], None]
"""Hears of so many more bytes of the file that were read, as they lie on disk."""


@dataclass(frozen=True)
class Chunk:
    """Rows that have as many columns as the header.

    Parameters
    ----------
    cells
        All cells, row by row.
    width
        Columns of a row.
    lines
        Line of each row in the file; at least one.
    """

    cells: list[str]
    width: int
    lines: Sequence[int]

    def column(self, index: int) -> list[str]:
        """Return one column."""
        return self.cells[index :: self.width]

    def from_column(self, first: int) -> list[str]:
        """Return the cells of all columns from `first` on, row by row."""
        begins = range(0, len(self.cells), self.width)
        rows = (self.cells[begin + first : begin + self.width] for begin in begins)
        return list(chain.from_iterable(rows))


class LogFile:
    """A CSV file with a header.

    Parameters
    ----------
    path
        The file; compressed if its name ends in ``.gz``.
    advance
        Hears how far reading is.

    Raises
    ------
    InputError
        If it cannot be read, or has no header.
    """

    def __init__(self, path: Path, advance: Advance) -> None:
        self.path = path
        self.problems = LineProblems(path)
        self._blocks = _blocks(path, advance)
        _, data = next(self._blocks, (1, b""))
        first, _, self._behind_header = data.partition(b"\n")
        header = _rows(path, 1, first)
        if not header or not header[0]:
            raise InputError([f"{path}:1: must begin with a header, found an empty line or file"])
        self.header = header[0]

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows once; rows of another length are noted as problems, empty lines skipped.

        Raises
        ------
        InputError
            If the file is damaged, not UTF-8 or not CSV; at once, as the rest cannot be read.
        """
        blocks = chain([(2, self._behind_header)], self._blocks)
        for first_line, data in blocks:
            chunk = self._regular(first_line, data) or self._irregular(first_line, data)
            if chunk is not None:
                yield chunk

    def _regular(self, first_line: int, data: bytes) -> Chunk | None:
        """Split lines that have no quotes and all their columns; None if there are others."""
        width = len(self.header)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        if b'"' in data or b"\r" in data:
            return None
        data = data.removesuffix(b"\n")
        values = np.frombuffer(data, dtype=np.uint8)
        is_end = values == _LINE_FEED
        ends = is_end[is_end | (values == _COMMA)]
        num_rows = (ends.size + 1) // width
        if not data or (ends.size + 1) % width or np.count_nonzero(ends) != num_rows - 1:
            return None
        if not ends[width - 1 :: width].all():
            return None
        text = decode_text(self.path, data, first_line)
        cells = text.replace("\n", ",").split(",")
        return Chunk(cells, width, range(first_line, first_line + num_rows))

    def _irregular(self, first_line: int, data: bytes) -> Chunk | None:
        """Read lines of any kind; None if all are empty or have a wrong number of columns."""
        width = len(self.header)
        cells: list[str] = []
        lines = []
        for line, row in enumerate(_rows(self.path, first_line, data), start=first_line):
            if len(row) == width:
                cells += row
                lines.append(line)
            elif row:
                self.problems.add(line, f"must have {width} columns, found {len(row)}")
        return Chunk(cells, width, lines) if lines else None


def shown_header(header: Sequence[str]) -> str:
    """Show a header in one short line."""
    return format_value(",".join(header))


def _rows(path: Path, first_line: int, data: bytes) -> list[list[str]]:
    """Read lines as CSV, with all that it may have."""
    text = decode_text(path, data, first_line)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        line = first_line + max(reader.line_num - 1, 0)
        raise InputError([f"{path}:{line}: not valid CSV: {error}"]) from error


def _blocks(path: Path, advance: Advance) -> Iterator[tuple[int, bytes]]:
    """Yield the number of a line, and the bytes of whole lines from there on."""
    with _readable(path):
        file = path.open("rb")
    with file:
        stream = gzip.GzipFile(fileobj=file) if path.name.endswith(".gz") else file
        rest, line, seen = b"", 1, 0
        while True:
            with _readable(path):
                data = stream.read(BLOCK_BYTES)
                position = file.tell()
            advance(position - seen)
            seen = position
            if not data:
                break
            end = data.rfind(b"\n") + 1
            rest, block = data[end:] if end else rest + data, rest + data[:end] if end else b""
            if len(rest) > MAX_LINE_BYTES:
                message = f"must be lines of at most {MAX_LINE_BYTES:,} bytes, found a longer one"
                raise InputError([f"{path}:{line + block.count(10)}: {message}"])
            if block:
                yield line, block
                line += block.count(b"\n")
        if rest:
            yield line, rest


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file into an `InputError`."""
    try:
        yield
    except EOFError as error:
        raise InputError([f"{path}: the compressed data ends too early"]) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError([f"{path}: not valid gzip: {str(error).lower()}"]) from error
    except OSError as error:
        raise InputError([f"{path}: {reason(error)}"]) from error
    except ValueError as error:  # a NUL byte, or what the file system's encoding cannot say
        raise InputError([f"{str(path)!r}: is not a possible file name"]) from error
