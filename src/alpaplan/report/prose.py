"""Running text whose lines end between words, but not between a number and its unit."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from alpaplan.printable import printable
from alpaplan.report.layout import breaks


class Paragraph:
    """A text without line ends, folded to the width that there is.

    Parameters
    ----------
    parts
        Texts, or (text, style) of those that look different.
    style
        Of all.
    """

    def __init__(self, *parts: str | tuple[str, str], style: str = "") -> None:
        safe = (
            printable(part) if isinstance(part, str) else (printable(part[0]), part[1])
            for part in parts
        )
        self._text = Text.assemble(*safe, style=style)

    @property
    def plain(self) -> str:
        """Its text, without styles."""
        return self._text.plain

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        starts = breaks(self._text.plain, options.max_width)
        for line in self._text.divide(starts[1:]):
            line.rstrip()
            line.no_wrap = True
            yield line
