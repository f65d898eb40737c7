"""A CSV file of any size, plain or compressed, in chunks of rows with their line numbers."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.files.line_problems import LineProblems
from alpaplan.files.reading import decode_text, reason
from alpaplan.units import format_value

BLOCK_BYTES = 1 << 18
"""Text that becomes rows in one go (bytes; 64 KiB to 4 MiB): a few thousand rows, since the garbage
collector walks all that are alive."""

MAX_LINE_BYTES = 1 << 24
"""Longest line (bytes): a file without line ends is not read into memory as a whole."""

Advance = Callable[[int], None]
"""Hears of so many more bytes of the file that were read, as they lie on disk."""


@dataclass(frozen=True)
class Chunk:
    """Rows that have as many columns as the header.

    Parameters
    ----------
    rows
        At least one.
    lines
        Line of each row in the file.
    """

    rows: list[list[str]]
    lines: Sequence[int]

    def column(self, index: int) -> list[str]:
        """Return one column."""
        return [row[index] for row in self.rows]


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
        self._blocks = _parsed_blocks(path, advance)
        self._first = next(self._blocks, (1, []))
        if not self._first[1] or not self._first[1][0]:
            raise InputError([f"{path}:1: must begin with a header, found an empty line or file"])
        self.header = self._first[1][0]

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows once; rows of another length are noted as problems, empty lines skipped.

        Raises
        ------
        InputError
            If the file is damaged, not UTF-8 or not CSV; at once, as the rest cannot be read.
        """
        line, rows = self._first
        yield from self._checked(line + 1, rows[1:])
        for line, rows in self._blocks:
            yield from self._checked(line, rows)

    def _checked(self, first_line: int, rows: list[list[str]]) -> Iterator[Chunk]:
        width = len(self.header)
        if set(map(len, rows)) == {width}:
            yield Chunk(rows, range(first_line, first_line + len(rows)))
            return
        good, lines = [], []
        for line, row in enumerate(rows, start=first_line):
            if len(row) == width:
                good.append(row)
                lines.append(line)
            elif row:
                self.problems.add(line, f"must have {width} columns, found {len(row)}")
        if good:
            yield Chunk(good, lines)


def shown_header(header: Sequence[str]) -> str:
    """Show a header in one short line."""
    return format_value(",".join(header))


def _parsed_blocks(path: Path, advance: Advance) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the number of a line, and the rows from there on, over and over."""
    for first_line, data in _blocks(path, advance):
        text = decode_text(path, data, first_line)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            rows = list(reader)
        except csv.Error as error:
            line = first_line + max(reader.line_num - 1, 0)
            raise InputError([f"{path}:{line}: not valid CSV: {error}"]) from error
        yield first_line, rows


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
