"""What is wrong with the lines of one file: the first few in words, the rest counted."""

from __future__ import annotations

from bisect import insort
from pathlib import Path

from alpaplan.errors import InputError

MAX_SHOWN_LINES = 20
"""Most problems of one file that are shown: its lines are usually all wrong alike."""


class LineProblems:
    """Collects what is wrong with the lines of one file.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: list[tuple[int, str]] = []
        self._num_more = 0

    @property
    def found(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._first)

    def add(self, line: int, message: str) -> None:
        """Note what is wrong with one line; lines may come in any order."""
        if len(self._first) == MAX_SHOWN_LINES:
            self._num_more += 1
            if line >= self._first[-1][0]:
                return
            self._first.pop()
        insort(self._first, (line, message), key=lambda one: one[0])

    def add_untold(self, num: int) -> None:
        """Note so many problems of later lines, which are only counted."""
        self._num_more += num

    def raise_any(self) -> None:
        """Raise an `InputError` if something was found."""
        lines = [f"{self._path}:{line}: {message}" for line, message in self._first]
        if self._num_more:
            lines.append(f"{self._path}: and {self._num_more:,} more")
        if lines:
            raise InputError(lines)
