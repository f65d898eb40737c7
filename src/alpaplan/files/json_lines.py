"""JSON Lines: an object on each line, read as the rows of a table of any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from alpaplan.files.csv_table import Chunk
from alpaplan.files.line_issues import LineIssues, RefusedFileError
from alpaplan.files.text_blocks import Advance, TextBlocks, ignore_progress
from alpaplan.units import format_value

MAX_SHOWN_KEYS = 20
"""Most keys of the first object that a message names."""


class JsonLines:
    """Objects of numbers and texts, read once from start to end, as `CsvTable` reads rows.

    Parameters
    ----------
    path
        The file; compressed if its name ends in ``.gz``. It may be a pipe.
    issues
        Where what is wrong with it goes.
    advance
        Called as reading goes on.

    Attributes
    ----------
    header
        Keys of the first object, which are the columns, those of objects in it as ``outer.inner``;
        cells of keys that another object lacks are empty, as are those of lists.

    Raises
    ------
    InputError
        If the file cannot be read.
    """

    def __init__(
        self, path: Path, issues: LineIssues, *, advance: Advance = ignore_progress
    ) -> None:
        self.path = path
        self.issues = issues
        self.header: list[str] = []
        self._blocks = TextBlocks(path, issues, advance=advance).blocks()
        for first_line, data in self._blocks:
            first = next((found for _, found in self._objects(first_line, data)), None)
            if first is not None or issues.found:
                self.header = list(_keys(first or {}))
                self._blocks = chain([(first_line, data)], self._blocks)
                break
        if not self.header:
            raise self.header_refusal("must begin with an object that has keys, found none")

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows; lines that are no objects are noted as issues."""
        for first_line, data in self._blocks:
            self.issues.stop_if_too_many()
            cells: list[str] = []
            lines = []
            for line, found in self._objects(first_line, data):
                cells += [_text(_value(found, key)) for key in self.header]
                lines.append(line)
            if lines:
                yield Chunk(self.header, cells, lines, self.issues)

    def shown_header(self) -> str:
        """Describe the keys in one short line."""
        return f"the keys {format_value(', '.join(self.header[:MAX_SHOWN_KEYS]))}"

    def header_refusal(self, message: str) -> RefusedFileError:
        """Note what is wrong with the keys, and return the error to raise."""
        return self.issues.refusal(1, message)

    def _objects(self, first_line: int, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, text in enumerate(data.splitlines(), first_line):
            if not text.strip():
                continue
            try:
                found = json.loads(text)
            except (ValueError, RecursionError) as error:
                self.issues.add_unread(line, f"not valid JSON: {error}")
                continue
            if isinstance(found, dict):
                yield line, found
            else:
                what = f"must be a JSON object, found {format_value(found)}"
                self.issues.add_unread(line, what)


def _keys(found: dict[str, Any]) -> Iterator[str]:
    """Yield the keys of an object, and behind each of an object in it the keys of that."""
    for key, value in found.items():
        yield key
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value if f"{key}.{inner}" not in found)


def _value(found: dict[str, Any], key: str) -> object:
    if key in found or "." not in key:
        return found.get(key)
    outer, _, inner = key.partition(".")
    value = found.get(outer)
    return value.get(inner) if isinstance(value, dict) else None


def _text(value: object) -> str:
    """Return a value as CSV would have it."""
    match value:
        case str():
            # Half of a surrogate pair is valid JSON, and no text.
            return value.encode(errors="backslashreplace").decode()
        case bool() | int() | float():
            return repr(value)
    return ""
