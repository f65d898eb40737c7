"""What is wrong with the lines of one file: the first few in words, the rest counted."""

from __future__ import annotations

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
        self._lines: list[str] = []
        self._num_more = 0

    @property
    def found(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._lines)

    def add(self, line: int, message: str) -> None:
        """Note what is wrong with one line."""
        if len(self._lines) < MAX_SHOWN_LINES:
            self._lines.append(f"{self._path}:{line}: {message}")
        else:
            self._num_more += 1

    def raise_any(self) -> None:
        """Raise an `InputError` if something was found."""
        if self._num_more:
            self._lines.append(f"{self._path}: and {self._num_more:,} more")
        if self._lines:
            raise InputError(self._lines)
