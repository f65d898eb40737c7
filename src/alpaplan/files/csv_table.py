"""Tables of text (CSV, TSV) of any size, in chunks of rows with their line numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from alpaplan.files.line_issues import MAX_SHOWN_LINES, LineIssues, RefusedFileError
from alpaplan.files.reading import undecodable
from alpaplan.files.regular_rows import RegularRows
from alpaplan.files.text_blocks import MAX_TEXT_BYTES, Advance, TextBlocks, ignore_progress
from alpaplan.units import format_value

MAX_TABLE_BYTES = 2**26
"""Largest uncompressed table that is kept in memory (bytes): some half a million rows."""


@dataclass(frozen=True)
class Chunk:
    """Rows that have as many cells as there are columns.

    Parameters
    ----------
    header
        Names of the columns.
    content
        All cells, row by row; or rows that are divided into cells where these are asked for.
    lines
        Line of each row in the file; at least one.
    issues
        Where what is wrong with the rows goes.
    """

    header: Sequence[str]
    content: list[str] | RegularRows
    lines: Sequence[int]
    issues: LineIssues

    @cached_property
    def cells(self) -> list[str]:
        """All cells, row by row."""
        return self.content.cells() if isinstance(self.content, RegularRows) else self.content

    def column(self, index: int) -> list[str]:
        """Return one column."""
        if isinstance(self.content, RegularRows):
            return self.content.column(index)
        return self.cells[index :: len(self.header)]

    def json_column(self, index: int, letters: bytes) -> bytes | None:
        """Return one column as `RegularRows.json_column`, where that is known."""
        if isinstance(self.content, RegularRows):
            return self.content.json_column(index, letters)
        return None

    def from_column(self, first: int) -> list[str]:
        """Return the cells of all columns from `first` on, row by row."""
        return list(chain.from_iterable(row[first:] for row in self.rows()))

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of each row."""
        width = len(self.header)
        for begin in range(0, len(self.cells), width):
            yield self.cells[begin : begin + width]


class CsvTable:
    """A table with a line of column names, read once from start to end.

    Parameters
    ----------
    path
        The file; compressed if its name ends in ``.gz``. It may be a pipe.
    issues
        Where what is wrong with it goes.
    delimiter
        Character between cells.
    skip_blank
        Whether lines without anything on them are skipped; else they are so at the end only.
    usual_header
        Columns of a table whose first line is a row already: it has a number, and none of these
        names.
    max_bytes
        Most bytes that there may be once it is uncompressed.
    advance
        Called as reading goes on.

    Attributes
    ----------
    header
        Names of the columns; none if the first line, or the file, is empty.
    header_line
        Where they stand.

    Raises
    ------
    InputError
        If the file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        issues: LineIssues,
        *,
        delimiter: str = ",",
        skip_blank: bool = True,
        usual_header: Sequence[str] = (),
        max_bytes: int = MAX_TEXT_BYTES,
        advance: Advance = ignore_progress,
    ) -> None:
        self.path = path
        self.issues = issues
        self.header: list[str] = []
        self.header_line = 1
        self._delimiter = delimiter
        self._skip_blank = skip_blank
        self._text = TextBlocks(path, issues, max_bytes=max_bytes, advance=advance)
        self._blocks = self._text.blocks()
        self._num_blank = 0  # lines without anything on them, the last ones so far
        self._blank_line = 0
        self._has_rows = False
        self._read_header(usual_header)

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes, as they lie on disk, once all chunks were read."""
        return self._text.sha256

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows; rows of another length are noted as issues.

        Raises
        ------
        InputError
            With everything wrong so far, if the file is damaged, not UTF-8 or not CSV, or if
            already so much is wrong that the rest is not worth reading.
        """
        for first_line, data in self._blocks:
            self.issues.stop_if_too_many()
            chunk = self._regular(first_line, data) or self._irregular(first_line, data)
            if chunk is not None:
                self._has_rows = True
                yield chunk

    def require_rows(self) -> None:
        """Make sure that there was a row or an issue, once all chunks were read.

        Raises
        ------
        InputError
            If there was neither.
        """
        if not self._has_rows and not self.issues.found:
            raise self.header_refusal("must have at least one row, found only the header")

    def match_header(self, *headers: Sequence[str]) -> int:
        """Return which of the possible headers the table has.

        Raises
        ------
        InputError
            If it has none of them.
        """
        for index, header in enumerate(headers):
            if self.header == list(header):
                return index
        known = " or ".join(repr(self._delimiter.join(header)) for header in headers)
        raise self.header_refusal(f"must begin with {known}, found {self.shown_header()}")

    def shown_header(self) -> str:
        """Describe the header in one short line."""
        if not self.header:
            return "an empty line or file"
        return format_value(self._delimiter.join(self.header))

    def header_refusal(self, message: str) -> RefusedFileError:
        """Note what is wrong with the header, and return the error to raise."""
        return self.issues.refusal(self.header_line, message)

    def _read_header(self, usual: Sequence[str]) -> None:
        for first_line, data in self._blocks:
            lines = data.splitlines(keepends=True)
            for index, text in enumerate(lines):
                line = first_line + index
                row = next((row for _, row in self._records(line, text)), [])
                if self._skip_blank and _is_blank(row):
                    continue
                is_row = bool(usual) and _is_data(row, usual)
                self.header = list(usual) if is_row else row
                self.header_line = line
                behind = index if is_row else index + 1
                rest = (first_line + behind, b"".join(lines[behind:]))
                self._blocks = chain([rest], self._blocks)
                return

    def _regular(self, first_line: int, data: bytes) -> Chunk | None:
        """Take lines that have no quotes and all their cells as rows; None if there are others."""
        if b'"' in data or _has_long_line(data):
            return None
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        rows = RegularRows.of(data, self._delimiter, len(self.header))
        if rows is None:
            return None
        if not data.isascii():
            self._decode(first_line, data)
        self._refuse_blank_lines()
        lines = range(first_line, first_line + rows.num_rows)
        return Chunk(self.header, rows, lines, self.issues)

    def _irregular(self, first_line: int, data: bytes) -> Chunk | None:
        """Read lines of any kind; None if none of them has as many cells as it must."""
        width = len(self.header)
        cells: list[str] = []
        lines = []
        for line, row in self._records(first_line, data):
            if len(row) == width:
                self._refuse_blank_lines()
                cells += row
                lines.append(line)
            elif not row or (self._skip_blank and _is_blank(row)):
                self._num_blank, self._blank_line = self._num_blank + 1, line
            else:
                self._refuse_blank_lines()
                self.issues.add_unread(line, f"must have {width} columns, found {len(row)}")
        return Chunk(self.header, cells, lines, self.issues) if lines else None

    def _refuse_blank_lines(self) -> None:
        """Note the blank lines above a row, which are not at the end."""
        num_blank, self._num_blank = self._num_blank, 0
        if num_blank and not self._skip_blank:
            first = self._blank_line - num_blank + 1
            message = f"must have {len(self.header)} columns, found an empty line"
            num_shown = min(num_blank, MAX_SHOWN_LINES)
            for line in range(first, first + num_shown):
                self.issues.add_unread(line, message)
            self.issues.add_unshown(num_blank - num_shown)

    def _records(self, first_line: int, data: bytes) -> Iterator[tuple[int, list[str]]]:
        """Yield the line and cells of each record that begins in a block."""
        lines = _RecordLines(self._decode(first_line, data), self._next_text)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            line = first_line + reader.line_num
            lines.in_record = False
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.issues.refusal(line, f"not valid CSV: {error}") from error
            yield line, row

    def _next_text(self) -> str | None:
        block = next(self._blocks, None)
        return None if block is None else self._decode(*block)

    def _decode(self, first_line: int, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise self.issues.refusal(*undecodable(error, first_line)) from error


class _RecordLines:
    """Lines of a block for a CSV reader, and those behind it that a quoted cell reaches into."""

    def __init__(self, text: str, next_text: Callable[[], str | None]) -> None:
        self._lines = io.StringIO(text, newline="")
        self._next_text = next_text
        self.in_record = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None and self.in_record:
            text = self._next_text()
            if text is not None:
                self._lines = io.StringIO(text, newline="")
                line = next(self._lines, None)
        if line is None:
            raise StopIteration
        self.in_record = True
        return line


def _is_data(row: Sequence[str], usual: Sequence[str]) -> bool:
    """Whether a first line is no header: it has none of the usual names, and a number."""
    names = {name.strip() for name in row}
    return not names & set(usual) and any(name[-1:].isdigit() for name in names)


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in row)


def _has_long_line(data: bytes) -> bool:
    """Whether a line may have a longer cell than the csv module reads."""
    step = csv.field_size_limit() // 2  # every line of twice that length has a whole step in it
    return any(
        data.find(b"\n", begin, begin + step) < 0 for begin in range(0, len(data) - step + 1, step)
    )
