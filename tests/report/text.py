"""What tables look like on a terminal."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def lines_of(shown: RenderableType, width: int = 120) -> list[str]:
    """Return the lines that are not empty, without blanks at their ends."""
    file = io.StringIO()
    Console(file=file, width=width, color_system=None, highlight=False).print(shown)
    return [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]


def rows_of(lines: list[str], title: str) -> list[list[str]]:
    """Return the cells of the table with a title, row by row without its header."""
    start = next(i for i, line in enumerate(lines) if line.startswith(title))
    rows = []
    for line in lines[start + 3 :]:
        # A line of the table begins with a blank; a title or text does not.
        if not line.startswith(" "):
            break
        rows.append([cell.strip() for cell in line.split("  ") if cell.strip()])
    return rows
