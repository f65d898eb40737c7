"""Text in little room: where lines break, and how wide the columns of a table may be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

LONGEST_WHOLE = (24, 16)
"""Longest words that stay whole (letters; 12 to 40): the first, though optional columns have to go;
the last, always. Words of headers and most names are shorter."""

GAP = 2
"""Blanks between columns."""

_WORD = re.compile(r"[^ ]* *")
_NAME_PART = re.compile(r".+?(?:[-._/:]+|$)")
_INSEPARABLE = re.compile(
    r"(?<=\d) (?=(?:us|ms|s|[kMGT]?B)\b)"  # 12.5 ms
    r"|(?<=\d) (?=x \()|(?<=\d x) (?=\()|(?<=\d,) (?=\d+\))"  # 4 x (1, 16)
)
_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def fold(text: str, width: int) -> list[str]:
    """Return a text as lines of at most `width` columns.

    Lines break between words, but not between a number and its unit. A word that is too long for a
    line breaks after punctuation, or anywhere if it has none. An indented line is continued with a
    deeper indent.
    """
    lines = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        hanging = indent + 2 if 0 < indent < width // 4 else 0
        starts = breaks(line, width, hanging)
        for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
            part = line[start:end].rstrip(" ")
            lines.append(" " * hanging + part if start else part)
    return lines


def breaks(line: str, width: int, hanging: int = 0) -> list[int]:
    """Return the offsets at which a line is broken into several, 0 first.

    Parameters
    ----------
    line
        Without line ends.
    width
        Most columns of a line, at least 1.
    hanging
        Indent of all lines but the first.
    """
    starts, room = [0], width
    for offset, piece in _pieces(_INSEPARABLE.sub(_NO_BREAK_SPACE, line), width - hanging):
        if offset > starts[-1] and (
            cell_len(piece.rstrip(" ")) > room or _begins_a_long_word(line, offset, piece)
        ):
            starts.append(offset)
            room = width - hanging
        room -= cell_len(piece)
    return starts


def _begins_a_long_word(line: str, offset: int, piece: str) -> bool:
    """Whether a piece is the first of a word that needs several lines, and follows another word."""
    is_part = not piece.endswith(" ") and offset + len(piece) < len(line)
    return is_part and line[offset - 1] == " " and bool(line[:offset].strip())


def _pieces(line: str, width: int) -> list[tuple[int, str]]:
    """Return (offset, text) of what is not broken: words, or parts of words that are too long."""
    pieces: list[tuple[int, str]] = []
    for word in _WORD.finditer(line):
        if cell_len(word[0].rstrip(" ")) <= width:
            pieces.append((word.start(), word[0]))
            continue
        for part in _NAME_PART.finditer(word[0]):
            start = word.start() + part.start()
            if cell_len(part[0].rstrip(" ")) <= width:
                pieces.append((start, part[0]))
            else:
                pieces += [(start + index, letter) for index, letter in enumerate(part[0])]
    return pieces


@dataclass(frozen=True)
class ColumnSize:
    """How wide a column would be with room enough, and how narrow it may become."""

    natural: int
    least: int

    @classmethod
    def of(
        cls, header: str, cells: Sequence[str], longest_whole: int, *, is_number: bool
    ) -> ColumnSize:
        """Measure a column: numbers stay whole, other cells and headers break between words."""
        content = max(map(cell_width, cells), default=0)
        words = [header] if is_number else [header, *cells]
        least = min(longest_whole, max(map(_longest_word, words)))
        return cls(max(content, cell_width(header)), max(least, content) if is_number else least)


def fitted(columns: Mapping[int, ColumnSize], room: int) -> dict[int, int] | None:
    """Return widths with which the columns and the gaps between them take at most `room`.

    What is too much is taken from the widest columns. None if they cannot be narrow enough.
    """
    room -= GAP * (len(columns) - 1)
    if sum(size.least for size in columns.values()) > room:
        return None
    widths = {column: min(size.natural, room) for column, size in columns.items()}
    while sum(widths.values()) > room:
        spare = [column for column, size in columns.items() if widths[column] > size.least]
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths


def cell_width(text: str) -> int:
    """Return how many columns a text of one or several lines takes."""
    return max(map(cell_len, text.split("\n")))


def _longest_word(text: str) -> int:
    words = _INSEPARABLE.sub(_NO_BREAK_SPACE, text).replace("\n", " ").split(" ")
    return max(map(cell_len, words))
