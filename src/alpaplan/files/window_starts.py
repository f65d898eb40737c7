"""When windows of time start: a text file with a time on each line."""

from __future__ import annotations

from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.files.line_issues import LineIssues
from alpaplan.files.reading import decode_text, read_bytes
from alpaplan.units import format_seconds, parse_seconds

MAX_BYTES = 2**20
"""Largest file (bytes)."""


def read_starts(path: Path) -> tuple[float, ...]:
    """Read when windows start, in seconds: the first at 0, each later than the one before.

    Empty lines, and what follows ``#`` on a line, say nothing.

    Raises
    ------
    InputError
        With everything wrong with the file.
    """
    issues = LineIssues(path)
    found: list[float] = []
    text = decode_text(path, read_bytes(path, MAX_BYTES))
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        try:
            start_s = parse_seconds(said)
        except ValueError as error:
            issues.add(number, str(error))
            continue
        if not found and start_s != 0:
            issues.add(number, f"the first window must start at 0, found {said}")
        if found and start_s <= found[-1]:
            after = f"must be later than the start before, {format_seconds(found[-1])}"
            issues.add(number, f"{after}, found {said}")
        found.append(start_s)
    issues.raise_any()
    if not found:
        raise InputError([f"{path}: must have the start of a window, found none"])
    return tuple(found)
