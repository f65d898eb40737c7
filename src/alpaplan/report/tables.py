"""Tables that hold at any width: everything that the project prints in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from alpaplan.printable import printable
from alpaplan.report.layout import GAP, LONGEST_WHOLE, ColumnSize, cell_width, fitted, fold
from alpaplan.report.prose import Paragraph

_EDGE = 1
"""Blanks at either end of a row."""


class Table:
    """A table whose numbers and headers stay whole where there is little room.

    First lists, headers and long names take several lines. Then optional columns are left out, and
    named below the table. If that is not enough, the table is divided: the columns that are left
    follow below, beside the first one again.

    Parameters
    ----------
    title
        Above the table.
    columns
        Their headers.
    right
        Headers of the columns of numbers, and of whatever else must not be broken.
    optional
        Headers of the columns that may be left out, the least important one first.
    """

    def __init__(
        self, title: str, *columns: str, right: Iterable[str] = (), optional: Iterable[str] = ()
    ) -> None:
        self.title = title
        self.caption: str | None = None
        numbers = set(right)
        self.headers = tuple(printable(header, keep_lines=True) for header in columns)
        self.rows: list[tuple[str, ...]] = []
        self._styles: list[str] = []
        self.is_number = [header in numbers for header in columns]
        self._optional = [columns.index(header) for header in optional]

    def add_row(self, *cells: str, style: str = "") -> None:
        """Add a row of as many cells as there are columns."""
        if len(cells) != len(self.headers):
            raise ValueError(f"must have {len(self.headers)} cells, found {len(cells)}")
        self.rows.append(tuple(printable(cell, keep_lines=True) for cell in cells))
        self._styles.append(style)

    def hide_rows(self, count: int, what: str = "") -> None:
        """Mention below the table that so many more rows are not shown, if there are any."""
        self.caption = f"and {count:,} more {what}".rstrip() if count > 0 else None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, at most as wide as there is room."""
        parts, left_out = self._parts(options.max_width - 2 * _EDGE)
        yield Paragraph(self.title, style="bold")
        for part in parts:
            yield Text()
            yield from self._lines(part)
        notes = [] if self.caption is None else [self.caption]
        if left_out:
            headers = ", ".join(self.headers[column] for column in left_out)
            notes.append(f"not shown at this width: {headers}")
        if notes:
            yield Paragraph("; ".join(notes), style="dim italic")
        yield Text()

    def _parts(self, room: int) -> tuple[list[dict[int, int]], list[int]]:
        """Return column -> width of each part, and the columns that are left out."""
        for longest_whole in LONGEST_WHOLE:
            sizes = self._sizes(longest_whole)
            for num_left_out in range(len(self._optional) + 1):
                left_out = self._optional[:num_left_out]
                shown = {column: size for column, size in sizes.items() if column not in left_out}
                widths = fitted(shown, room)
                if widths is not None:
                    return [self._tidied(widths, sizes)], left_out
        return [self._tidied(widths, sizes) for widths in _divided(shown, room)], left_out

    def _sizes(self, longest_whole: int) -> dict[int, ColumnSize]:
        return {
            column: ColumnSize.of(
                header,
                [cells[column] for cells in self.rows],
                longest_whole,
                is_number=self.is_number[column],
            )
            for column, header in enumerate(self.headers)
        }

    def _tidied(self, widths: dict[int, int], sizes: dict[int, ColumnSize]) -> dict[int, int]:
        """Give what folded columns do not need to the names that need it most."""
        used = {column: self._used(column, width) for column, width in widths.items()}
        lacks = {
            column: sizes[column].natural - width
            for column, width in widths.items()
            if not self.is_number[column]
        }
        neediest = max(lacks, key=lacks.__getitem__, default=None)
        if neediest is not None:
            spare = sum(widths.values()) - sum(used.values())
            used[neediest] = self._used(neediest, used[neediest] + spare)
        return used

    def _used(self, column: int, width: int) -> int:
        texts = (self.headers[column], *(cells[column] for cells in self.rows))
        return max(cell_width(line) for text in texts for line in fold(text, width))

    def _lines(self, widths: dict[int, int]) -> Iterator[Text]:
        """Yield the lines of some columns: header, rule and rows."""
        header = [fold(self.headers[column], width) for column, width in widths.items()]
        height = max(map(len, header))
        # Above a rule the last lines stand side by side, in rows the first ones.
        yield from self._row([[""] * (height - len(lines)) + lines for lines in header], widths)
        yield Text(" " * _EDGE + "─" * (sum(widths.values()) + GAP * (len(widths) - 1) + _EDGE))
        for cells, style in zip(self.rows, self._styles, strict=True):
            folded = [fold(cells[column], width) for column, width in widths.items()]
            yield from self._row(folded, widths, style)

    def _row(
        self, cells: Sequence[Sequence[str]], widths: dict[int, int], style: str = "bold"
    ) -> Iterator[Text]:
        for line in range(max(map(len, cells))):
            text = Text(" " * _EDGE, style=style, no_wrap=True)
            for (column, width), lines in zip(widths.items(), cells, strict=True):
                part = lines[line] if line < len(lines) else ""
                blanks = " " * (width - cell_width(part))
                text.append(blanks + part if self.is_number[column] else part + blanks)
                text.append(" " * GAP)
            text.rstrip()
            yield text


def _divided(sizes: dict[int, ColumnSize], room: int) -> Iterator[dict[int, int]]:
    """Yield the widths of parts: the first column, and as many others as there is room for."""
    first, *others = sizes
    # This makes more parts, but keeps the names of the rows whole.
    whole = min(sizes[first].natural, room // 3)
    sizes = sizes | {first: replace(sizes[first], least=max(sizes[first].least, whole))}
    while others:
        part = {column: sizes[column] for column in (first, others.pop(0))}
        widths = fitted(part, room) or _squeezed(part, room)
        while others:
            more = fitted({**part, others[0]: sizes[others[0]]}, room)
            if more is None:
                break
            column = others.pop(0)
            part[column] = sizes[column]
            widths = more
        yield widths


def _squeezed(part: dict[int, ColumnSize], room: int) -> dict[int, int]:
    """Return widths of two columns for which there is no room: the second stays whole if it can."""
    first, second = part
    width = max(1, min(part[second].least, room - GAP - 1))
    return {first: max(1, room - GAP - width), second: width}
