"""Small parts that all tables share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from alpaplan.specs.plan import NodeDevices

MAX_TABLE_WIDTH = 100_000
"""Width that no table needs (characters)."""

_NUMBERED = re.compile(r"(.*?)(\d+)")


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
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    to_the_right = set(right)
    for column in columns:
        # Names may take several lines where there is little room; nothing is ever cut off.
        if column in to_the_right:
            made.add_column(column, justify="right", no_wrap=True)
        else:
            made.add_column(column, overflow="fold")
    return made


class Narrowing:
    """A table that goes without its last columns where there is too little room for all.

    Parameters
    ----------
    columns
        Headers, in the order in which they are left out.
    make
        Makes the table without the given columns.
    """

    def __init__(self, columns: Sequence[str], make: Callable[[frozenset[str]], Table]) -> None:
        self._columns = columns
        self._make = make

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the widest table that fits, and which columns it lacks."""
        unlimited = options.update(width=MAX_TABLE_WIDTH)
        for num_left_out in range(len(self._columns) + 1):
            left_out = self._columns[:num_left_out]
            made = self._make(frozenset(left_out))
            if Measurement.get(console, unlimited, made).maximum <= options.max_width:
                break
        yield made
        if left_out:
            yield Text(f"too narrow for: {', '.join(left_out)}", style="dim")


def percent(fraction: float | None, digits: int = 2) -> str:
    """Show a fraction as a percentage; ``-`` if there is none."""
    return "-" if fraction is None or fraction != fraction else f"{100 * fraction:.{digits}f}%"


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
