"""Small parts that all tables share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table

from alpaplan.specs.plan import NodeDevices

_NO_LIMIT = 10**6
"""Columns of a place where every table has room."""

_SHORTEST_NAME = 4
"""Letters of a name that stay on a line as long as numbers stay whole (a count; 3 to 8)."""

_NUMBERED = re.compile(r"(.*?)(\d+)")


class _NarrowTable(Table):
    """A table of which nothing is cut off where there is little room.

    Headers and names take several lines first, and numbers only where nothing else helps.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        drawn = copy(self)
        anywhere = options.update(max_width=_NO_LIMIT)
        missing = Measurement.get(console, anywhere, self).maximum - options.max_width
        if missing > 0:
            widths = _narrowed(self.columns, missing)
            drawn.columns = [replace(column, width=width) for column, width in widths]
        return Table.__rich_console__(drawn, console, options)


def _narrowed(columns: Sequence[Column], excess: int) -> list[tuple[Column, int]]:
    """Return columns with widths that are so much less in all, taken from the widest ones."""
    cells = [max(map(cell_len, map(str, column.cells)), default=1) for column in columns]
    headers = [cell_len(str(column.header)) for column in columns]
    widths = list(map(max, cells, headers))
    floors = [
        cell if column.justify == "right" else min(cell, _SHORTEST_NAME)
        for column, cell in zip(columns, cells, strict=True)
    ]
    for _ in range(excess):
        spare = [i for i, floor in enumerate(floors) if widths[i] > floor]
        widest = max(spare or range(len(widths)), key=widths.__getitem__)
        widths[widest] = max(1, widths[widest] - 1)
    return list(zip(columns, widths, strict=True))


def table(title: str, *columns: str, right: Iterable[str] = ()) -> Table:
    """Return an empty table in the project's style.

    Parameters
    ----------
    title
        Above the table.
    columns
        Their headers.
    right
        Headers of the columns that hold numbers.
    """
    made = _NarrowTable(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    to_the_right = set(right)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in to_the_right else "left"
        made.add_column(column, justify=justify, overflow="fold")
    return made


def percent(fraction: float | None, digits: int = 2) -> str:
    """Show a fraction as a percentage; ``-`` if there is none."""
    return "-" if fraction is None or fraction != fraction else f"{100 * fraction:.{digits}f}%"


def number(value: float, digits: int = 3) -> str:
    """Show a number with so many significant digits; ``-`` if it is infinite or not defined."""
    return f"{value:.{digits}g}" if math.isfinite(value) else "-"


def name_ranges(names: Sequence[str]) -> str:
    """Shorten runs of numbered names: ``m0 m1 m2 x`` becomes ``m0..2 x``."""
    parts: list[str] = []
    run: tuple[str, int, int] | None = None
    for name in names:
        match = _NUMBERED.fullmatch(name)
        stem, number = (match.group(1), match.group(2)) if match else (name, "")
        if run is not None and number and stem == run[0] and number == str(run[2] + 1):
            run = (stem, run[1], run[2] + 1)
            continue
        parts += _run_text(run)
        # A number with leading zeros is part of the name, not something to count on.
        countable = bool(number) and number == str(int(number))
        run = (stem, int(number), int(number)) if countable else None
        if run is None:
            parts.append(name)
    return " ".join(parts + _run_text(run))


def device_ranges(items: Sequence[NodeDevices]) -> str:
    """Show devices by node: ``p3-0[0-3]``; whole runs of equally used nodes in one piece."""
    texts = [f"{item.node}[{number_ranges(item.devices)}]" for item in items]
    if len(texts) > 3:
        return f"{texts[0]} .. {texts[-1]} ({len(texts)} nodes)"
    return " ".join(texts)


def number_ranges(numbers: Sequence[int]) -> str:
    """Shorten runs of numbers: ``0 1 2 5`` becomes ``0-2,5``."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _run_text(run: tuple[str, int, int] | None) -> list[str]:
    if run is None:
        return []
    stem, first, last = run
    return [f"{stem}{first}" if first == last else f"{stem}{first}..{last}"]
