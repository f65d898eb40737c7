"""Rows of a table without quoted cells, whose columns are taken out of the bytes all at once.

A text for each cell takes most of the time of reading a large table, and few columns need them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_LINE_FEED = ord("\n")

_MAX_LABELED = 256
"""Most columns that one byte can tell apart (a count)."""


class RegularRows:
    """Lines that all have as many cells as there are columns.

    Parameters
    ----------
    data
        The lines in UTF-8; each ends in a line feed.
    delimiter
        Character between cells.
    ends : int64[num_rows * num_columns]
        Where in the data each cell ends.
    num_columns
        How many there are.
    """

    def __init__(
        self, data: bytes, delimiter: str, ends: NDArray[np.int64], num_columns: int
    ) -> None:
        self._data = data
        self._delimiter = delimiter.encode()
        self._ends = ends
        self._num_columns = num_columns

    @classmethod
    def of(cls, data: bytes, delimiter: str, num_columns: int) -> RegularRows | None:
        """Return lines as rows; None if there is none, or one has more or fewer cells.

        Parameters
        ----------
        data, delimiter, num_columns
            As above, without quotes; the last line may lack its end.
        """
        if not data.endswith(b"\n"):
            data += b"\n"
        values = np.frombuffer(data, dtype=np.uint8)
        is_feed = values == _LINE_FEED
        ends = np.flatnonzero(is_feed | (values == ord(delimiter)))
        is_last = is_feed[ends]
        if (
            len(data) == 1
            or ends.size % num_columns
            or not is_last[num_columns - 1 :: num_columns].all()
        ):
            return None
        if np.count_nonzero(is_last) * num_columns != ends.size:
            return None
        return cls(data, delimiter, ends, num_columns)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self._ends.size // self._num_columns

    def cells(self) -> list[str]:
        """Return all cells, row by row."""
        return _split(self._data.replace(b"\n", self._delimiter), self._delimiter)

    def column(self, index: int) -> list[str]:
        """Return the cells of one column."""
        if self._num_columns > _MAX_LABELED:
            return self.cells()[index :: self._num_columns]
        text = self._with_ends(index)
        end = text[-1:]
        first = text[: text.index(end) + 1]
        if text == first * self.num_rows:  # as the models in the trace of one
            return [first[:-1].decode()] * self.num_rows
        return _split(text, end)

    def json_column(self, index: int, letters: bytes) -> bytes | None:
        """Return one column as a JSON array of what stands in its cells.

        Parameters
        ----------
        index
            Which column.
        letters
            What there may be in its cells.

        Returns
        -------
        None if there is anything else in a cell.
        """
        if self._num_columns > _MAX_LABELED:
            return None
        text = self._with_ends(index)
        end = text[-1:]
        if text.translate(None, letters + end):
            return None
        if end != b",":
            text = text.replace(end, b",")
        return b"[" + text[:-1] + b"]"

    def _with_ends(self, index: int) -> bytes:
        """Return one column's cells, each with the character behind it."""
        values = np.frombuffer(self._data, dtype=np.uint8)
        found: bytes = values[self._column_of_byte == index].tobytes()
        return found

    @cached_property
    def _column_of_byte(self) -> NDArray[np.uint8]:
        columns = np.tile(np.arange(self._num_columns, dtype=np.uint8), self.num_rows)
        return np.repeat(columns, np.diff(self._ends, prepend=-1))


def _split(data: bytes, end: bytes) -> list[str]:
    return data[:-1].decode().split(end.decode())
