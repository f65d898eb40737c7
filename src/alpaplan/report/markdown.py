"""Tables as Markdown, for pull requests and other places that render it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alpaplan.report.tables import Table

_SPECIAL = re.compile(r"([\\`*<>|\[\]#~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
"""What would not be shown as it is; an underscore inside a word is."""


def escaped(text: str) -> str:
    """Return a text that is shown as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def markdown_table(table: Table) -> Iterator[str]:
    """Yield the lines of a table with its title and its caption, and of none without rows."""
    if not table.rows:
        return
    yield f"**{escaped(table.title)}**"
    yield ""
    yield _row(table.headers)
    yield "|" + "|".join("--:" if number else "---" for number in table.is_number) + "|"
    for cells in table.rows:
        yield _row(cells)
    if table.caption is not None:
        yield ""
        yield f"*{escaped(table.caption)}*"
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"
