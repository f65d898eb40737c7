"""What is wrong with the lines of files: the first few of each in words, the rest counted."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from pathlib import Path

from alpaplan.errors import InputError

MAX_SHOWN_LINES = 20
"""Most issues of one file that are shown: its lines are usually all wrong alike."""

MAX_LINES = 1000
"""Issues of one file after which the rest of it is not read (a count; 100 to 100,000): a wrong
option makes all rows of a log wrong, and shows at once."""


class RefusedFileError(InputError):
    """A file that cannot be read any further: everything that is wrong with it so far."""


class LineIssues:
    """Collects what is wrong with the lines of one file.

    Parameters
    ----------
    path
        The file, as the user gave it.

    Attributes
    ----------
    rows_unread
        Whether some row could not be read, so that what seems to be missing may be there.
    """

    def __init__(self, path: Path | str) -> None:
        self.rows_unread = False
        self._path = str(path) if str(path).isprintable() else repr(str(path))
        self._first: list[tuple[int, str]] = []
        self._num_more = 0
        self._is_given_up = False

    @property
    def found(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._first)

    def add(self, line: int | None, message: str) -> None:
        """Note what is wrong with one line, or with the whole file; lines may come in any order."""
        number = line or 0
        if len(self._first) == MAX_SHOWN_LINES:
            self._num_more += 1
            if number >= self._first[-1][0]:
                return
            self._first.pop()
        insort(self._first, (number, message), key=lambda one: one[0])

    def add_unread(self, line: int | None, message: str) -> None:
        """Note why a row could not be read."""
        self.add(line, message)
        self.rows_unread = True

    def add_unshown(self, num: int) -> None:
        """Count that many issues of later lines without showing them."""
        self._num_more += num

    def stop_if_too_many(self) -> None:
        """Give the file up if it has `MAX_LINES` issues.

        Raises
        ------
        InputError
            With the first of them.
        """
        if len(self._first) + self._num_more >= MAX_LINES:
            self._is_given_up = True
            raise RefusedFileError(self.lines())

    def refusal(self, line: int | None, message: str) -> RefusedFileError:
        """Note why the rest of the file cannot be read, and return the error to raise."""
        self.add_unread(line, message)
        return RefusedFileError(self.lines())

    def raise_any(self) -> None:
        """Raise an `InputError` if something was found."""
        if self.found:
            raise InputError(self.lines())

    def lines(self) -> list[str]:
        """Return the issues as lines of an `InputError`, in line order."""
        lines = [
            f"{self._path}:{line}: {message}" if line else f"{self._path}: {message}"
            for line, message in self._first
        ]
        if self._num_more:
            rest = "; the rest of the file was not read" if self._is_given_up else ""
            lines.append(f"{self._path}: and {self._num_more:,} more{rest}")
        return lines


@dataclass(frozen=True)
class Place:
    """Where something was read.

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


class FileIssues:
    """Collects what is wrong with files that are read together."""

    def __init__(self) -> None:
        self._files: dict[str, LineIssues] = {}

    def of(self, path: Path | str) -> LineIssues:
        """Return the issues of one file."""
        return self._files.setdefault(str(path), LineIssues(path))

    @property
    def found(self) -> bool:
        """Whether anything is wrong with any of the files."""
        return any(issues.found for issues in self._files.values())

    @property
    def rows_unread(self) -> bool:
        """Whether some row of any of the files could not be read."""
        return any(issues.rows_unread for issues in self._files.values())

    def add(self, place: Place, message: str) -> None:
        """Note what is wrong at a place."""
        self.of(place.path).add(place.line, message)

    def add_unread(self, place: Place, message: str) -> None:
        """Note why the row at a place could not be read."""
        self.of(place.path).add_unread(place.line, message)

    def raise_any(self) -> None:
        """Raise an `InputError` if something was found: file by file, in line order."""
        if self.found:
            raise InputError(line for issues in self._files.values() for line in issues.lines())
