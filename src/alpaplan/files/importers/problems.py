"""Everything wrong with files that are read together, each problem at its line."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.errors import InputError
from alpaplan.files.line_problems import MAX_SHOWN_LINES


@dataclass(frozen=True)
class Place:
    """Where something was said.

    Parameters
    ----------
    path
        File, as the user gave it.
    line
        Counted from 1; None: the file as a whole.
    """

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


class Problems:
    """What was found wrong so far.

    Attributes
    ----------
    rows_unread
        Whether some row could not be told what it is about, so that what seems to be missing
        may be there.
    """

    def __init__(self) -> None:
        self.rows_unread = False
        self._found: dict[str, list[tuple[int, str]]] = {}

    def add(self, place: Place, message: str) -> None:
        """Note one problem."""
        self._found.setdefault(place.path, []).append((place.line or 0, f"{place}: {message}"))

    def add_unread(self, place: Place, message: str) -> None:
        """Note that a row, or all rows from there on, could not be read."""
        self.add(place, message)
        self.rows_unread = True

    def add_file(self, path: str, error: InputError) -> None:
        """Note why a file could not be read."""
        self._found.setdefault(path, []).extend((0, line) for line in error.lines)
        self.rows_unread = True

    def are_in(self, path: str) -> bool:
        """Whether some were found in a file."""
        return path in self._found

    def raise_any(self) -> None:
        """Raise an `InputError` if there are any: file by file, in line order."""
        lines: list[str] = []
        for path, found in self._found.items():
            found.sort(key=lambda problem: problem[0])
            lines += [text for _, text in found[:MAX_SHOWN_LINES]]
            if len(found) > MAX_SHOWN_LINES:
                lines.append(f"{path}: and {len(found) - MAX_SHOWN_LINES:,} more")
        if lines:
            raise InputError(lines)
