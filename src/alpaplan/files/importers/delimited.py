"""Tables of text with a line of column names (CSV, TSV), plain or compressed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaplan.errors import InputError, did_you_mean
from alpaplan.files.importers.problems import Place, Problems
from alpaplan.files.reading import decode_text, read_bytes, unpack

MAX_TEXT_BYTES = 2**26
"""Largest uncompressed table, some half a million rows: stops compressed bombs."""


@dataclass(frozen=True)
class Layout:
    """What the columns of a table are called.

    Parameters
    ----------
    required, optional
        Columns that are read; they may come in any order.
    delimiter
        Character between cells.
    other_columns
        Whether there may be more columns, which are not read.
    usual_header
        Columns of a table whose first line is a row of numbers already; empty: there must be a
        line of column names.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    delimiter: str = ","
    other_columns: bool = False
    usual_header: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of a table: column -> text, without the blanks around it."""

    place: Place
    cells: Mapping[str, str]


def read_rows(path: str, layout: Layout, problems: Problems) -> list[Row]:
    """Read the rows of a table; what is wrong with it is added to the problems.

    Lines without anything on them are skipped.
    """
    try:
        text = decode_text(Path(path), unpack(Path(path), read_bytes(Path(path)), MAX_TEXT_BYTES))
    except InputError as error:
        problems.add_file(path, error)
        return []
    lines = _lines(path, text, layout.delimiter, problems)
    first = next(lines, None)
    if first is None:
        what = "must begin with the names of columns, found an empty file"
        problems.add_unread(Place(path, 1), what)
        return []
    place, header = first
    rows: list[Row] = []
    if layout.usual_header and not set(header) & set(layout.usual_header):
        header = list(layout.usual_header)
        rows += _row(place, header, first[1], problems)
    elif not _check_header(place, header, layout, problems):
        return []
    num_before = len(rows)
    for place, cells in lines:
        num_before += 1
        rows += _row(place, header, cells, problems)
    if num_before == 0 and not problems.are_in(path):
        what = "must have at least one row, found only the names of columns"
        problems.add_unread(first[0], what)
    return rows


def parse_cells(
    row: Row,
    converters: Mapping[str, Callable[[str], object]],
    keys: Collection[str],
    problems: Problems,
) -> dict[str, Any] | None:
    """Convert the cells of a row; a converter's `ValueError` is added to the problems.

    Parameters
    ----------
    row
        The row; columns that it does not have are left out.
    converters
        Column -> what makes a value of its text.
    keys
        Columns that say what the row is about.
    problems
        What is wrong is added here.

    Returns
    -------
    Column -> value, of the columns that could be converted. None if a key could not be.
    """
    values: dict[str, Any] = {}
    for column, convert in converters.items():
        if column not in row.cells:
            continue
        try:
            values[column] = convert(row.cells[column])
        except ValueError as error:
            add = problems.add_unread if column in keys else problems.add
            add(row.place, f"{column}: {error}")
    return values if values.keys() >= {key for key in keys if key in row.cells} else None


def _lines(
    path: str, text: str, delimiter: str, problems: Problems
) -> Iterator[tuple[Place, list[str]]]:
    """Yield the cells of every line that has any, until one is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield Place(path, line), stripped
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add_unread(Place(path, max(reader.line_num, 1)), f"not valid CSV: {error}")


def _row(place: Place, header: Sequence[str], cells: list[str], problems: Problems) -> list[Row]:
    if len(cells) != len(header):
        problems.add_unread(place, f"must have {len(header)} columns, found {len(cells)}")
        return []
    return [Row(place, dict(zip(header, cells, strict=True)))]


def _check_header(place: Place, header: list[str], layout: Layout, problems: Problems) -> bool:
    """Whether the columns are those of the layout; what is wrong is added to the problems."""
    known = (*layout.required, *layout.optional)
    missing = [name for name in layout.required if name not in header]
    unknown = [name for name in header if name not in known]
    messages = [f"duplicate column {name!r}" for name in _repeated(header, known)]
    if not layout.other_columns:
        free = [name for name in known if name not in header]
        messages += [f"unknown column {name!r}{did_you_mean(name, free)}" for name in unknown]
    for name in missing:
        hint = did_you_mean(name, unknown) if layout.other_columns else ""
        messages.append(f"missing column {name!r}{hint.replace('did you mean', 'is it')}")
    for message in messages:
        problems.add_unread(place, message)
    return not messages


def _repeated(header: list[str], known: tuple[str, ...]) -> list[str]:
    return [name for name in known if header.count(name) > 1]
