"""Rows of tables whose columns are known by name, in any order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaplan.errors import did_you_mean
from alpaplan.files.csv_table import MAX_TABLE_BYTES, CsvTable
from alpaplan.files.line_issues import FileIssues, LineIssues, Place, RefusedFileError


@dataclass(frozen=True)
class Layout:
    """Names of the columns of a table.

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


def read_rows(
    path: str,
    layout: Layout,
    issues: FileIssues,
    *,
    other: Layout | None = None,
    names: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a table; what is wrong with it is added to the issues.

    Rows without anything in them are skipped.

    Parameters
    ----------
    path, layout, issues
        File, its columns, and where what is wrong with it goes.
    other
        Another layout that it may have: the one of which it has more columns counts.
    names
        Column of the layout -> its name in the file, where that differs.
    """
    found = issues.of(path)
    try:
        table = CsvTable(
            Path(path),
            found,
            delimiter=layout.delimiter,
            usual_header=layout.usual_header,
            max_bytes=MAX_TABLE_BYTES,
        )
        header = _renamed([name.strip() for name in table.header], names or {})
        if other is not None and _num_found(other, header) > _num_found(layout, header):
            layout = other
        if not header:
            raise table.header_refusal(f"must begin with a header, found {table.shown_header()}")
        if not _check_header(table.header_line, header, layout, found, names or {}):
            return
        for chunk in table.chunks():
            for line, cells in zip(chunk.lines, chunk.rows(), strict=True):
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield Row(Place(path, line), dict(zip(header, stripped, strict=True)))
        table.require_rows()
    except RefusedFileError:
        return  # the issues say why


def parse_cells(
    row: Row,
    converters: Mapping[str, Callable[[str], object]],
    keys: Collection[str],
    issues: FileIssues,
) -> dict[str, Any] | None:
    """Convert the cells of a row; a converter's `ValueError` is added to the issues.

    Parameters
    ----------
    row
        The row; columns that it does not have are left out.
    converters
        Column -> what makes a value of its text.
    keys
        Columns that say what the row is about.
    issues
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
            add = issues.add_unread if column in keys else issues.add
            add(row.place, f"{column}: {error}")
    return values if values.keys() >= {key for key in keys if key in row.cells} else None


def _renamed(header: list[str], names: Mapping[str, str]) -> list[str]:
    """Return the header in the layout's names; what had such a name itself loses it."""
    column_of = {name: column for column, name in names.items()}
    return [column_of.get(name, f"another {name}" if name in names else name) for name in header]


def _num_found(layout: Layout, header: list[str]) -> int:
    return len(set(layout.required).intersection(header))


def _check_header(
    line: int,
    header: list[str],
    layout: Layout,
    issues: LineIssues,
    names: Mapping[str, str],
) -> bool:
    """Whether the columns are those of the layout; what is wrong is added to the issues."""
    known = (*layout.required, *layout.optional)
    missing = [name for name in layout.required if name not in header]
    unknown = [name for name in header if name not in known]
    messages = [f"duplicate column {name!r}" for name in _repeated(header, known)]
    if not layout.other_columns:
        free = [name for name in known if name not in header]
        messages += [f"unknown column {name!r}{did_you_mean(name, free)}" for name in unknown]
    for name in missing:
        shown = names.get(name, name)
        hint = did_you_mean(shown, unknown) if layout.other_columns else ""
        messages.append(f"missing column {shown!r}{hint.replace('did you mean', 'is it')}")
    for message in messages:
        issues.add_unread(line, message)
    return not messages


def _repeated(header: list[str], known: tuple[str, ...]) -> list[str]:
    return [name for name in known if header.count(name) > 1]
