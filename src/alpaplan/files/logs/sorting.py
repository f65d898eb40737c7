"""Records sorted by time in bounded memory: sorted runs in a temporary file, then merged.

In memory, the 33 million requests of a log of 5 GB would take 1.3 GB while they are sorted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError
from alpaplan.files.reading import reason

RUN_BYTES = 1 << 24
"""Records that are sorted in memory (bytes; 4 MiB to 1 GiB): 1.4 million requests. Some three
times as much is taken while they are."""

MERGE_BYTES = 1 << 24
"""Records of all runs together that are in memory while they are merged (bytes; as `RUN_BYTES`)."""

MIN_READ_RECORDS = 1024
"""Fewest records of a run that are read in one go (a count; 256 to 65,536)."""

MAX_READ_RECORDS = 1 << 18
"""Most records of a run that are read in one go (a count; 65,536 to 1,048,576): more are no faster,
and what is made of them takes memory too."""


class RecordSorter:
    """Takes records in any order and gives them back in time order.

    Records of equal time keep the order in which they came (stable). A context manager: the
    temporary file, which has no name in the folder, is gone when its block ends.

    Parameters
    ----------
    dtype
        Structure of the records; has a field ``time_s``.
    folder
        Where the temporary file goes; None for the system's folder for such files.
    """

    def __init__(self, dtype: np.dtype[np.void], folder: Path | None) -> None:
        self._dtype = dtype
        self._folder = folder
        self._stack = ExitStack()
        self._file: BinaryIO | None = None
        self._run_lengths: list[int] = []
        self._pending: list[NDArray[np.void]] = []
        self._num_pending = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def num_records(self) -> int:
        """Number of records so far."""
        return sum(self._run_lengths) + self._num_pending

    def add(self, records: NDArray[np.void]) -> None:
        """Take records.

        Raises
        ------
        InputError
            If there is no room for the temporary file.
        """
        self._pending.append(records)
        self._num_pending += records.size
        if self._num_pending * self._dtype.itemsize >= RUN_BYTES:
            self._write(self._sorted_pending())

    def stored(self) -> Iterator[NDArray[np.void]]:
        """Yield all records, in no particular order."""
        for run in self._runs():
            while (part := run.read(MAX_READ_RECORDS)).size:
                yield part

    def in_order(self) -> Iterator[NDArray[np.void]]:
        """Yield all records in time order, part by part."""
        runs = self._runs()
        share = MERGE_BYTES // self._dtype.itemsize // len(runs)
        num_each = min(max(share, MIN_READ_RECORDS), MAX_READ_RECORDS)
        while True:
            for run in runs:
                run.fill(num_each)
            runs = [run for run in runs if run.buffer.size]
            if not runs:
                return
            parts = [run.take(bound) for run, bound in zip(runs, _bounds(runs), strict=True)]
            merged = np.concatenate(parts)
            if len(parts) > 1:
                merged = merged[np.argsort(merged["time_s"], kind="stable")]
            yield merged

    def _sorted_pending(self) -> NDArray[np.void]:
        if not self._pending:
            return np.empty(0, self._dtype)
        records = np.concatenate(self._pending)
        self._pending = []
        time_s = records["time_s"]
        if (time_s[1:] < time_s[:-1]).any():
            records = records[np.argsort(time_s, kind="stable")]
        return records

    def _write(self, run: NDArray[np.void]) -> None:
        try:
            if self._file is None:
                made = tempfile.TemporaryFile(dir=self._folder, prefix=".alpaplan-")  # noqa: SIM115
                self._file = self._stack.enter_context(made)
            self._file.seek(0, 2)
            self._file.write(run.data)
        except OSError as error:
            folder = self._folder or tempfile.gettempdir()
            what = f"no temporary file can be written for sorting: {reason(error)}"
            raise InputError([f"{folder}: {what}"]) from error
        self._run_lengths.append(run.size)
        self._num_pending = 0

    def _runs(self) -> list[_Run]:
        last = self._sorted_pending()
        self._pending = [last]
        runs, first = [], 0
        for length in self._run_lengths:
            runs.append(_Run(self._dtype, self._file, first, length))
            first += length
        return [*runs, _Run(self._dtype, last, 0, last.size)]


class _Run:
    """Sorted records in a file or in memory, and those of them that are under way."""

    def __init__(
        self,
        dtype: np.dtype[np.void],
        source: BinaryIO | NDArray[np.void] | None,
        first: int,
        length: int,
    ) -> None:
        self._dtype = dtype
        self._source = source
        self._next = first
        self._end = first + length
        self.buffer = np.empty(0, dtype)

    @property
    def has_more(self) -> bool:
        """Whether there are records behind the buffer."""
        return self._next < self._end

    def read(self, num_records: int) -> NDArray[np.void]:
        """Read the next records, at most `num_records`."""
        first, self._next = self._next, min(self._next + num_records, self._end)
        if isinstance(self._source, np.ndarray):
            return self._source[first : self._next]
        if self._source is None:
            return np.empty(0, self._dtype)
        self._source.seek(first * self._dtype.itemsize)
        data = self._source.read((self._next - first) * self._dtype.itemsize)
        return np.frombuffer(data, self._dtype)

    def fill(self, num_records: int) -> None:
        """Read into the buffer, if it is empty."""
        if not self.buffer.size and self.has_more:
            self.buffer = self.read(num_records)

    def take(self, bound: tuple[float, str]) -> NDArray[np.void]:
        """Take from the buffer what lies below the bound."""
        time_s, side = bound
        num = int(
            np.searchsorted(self.buffer["time_s"], time_s, "left" if side == "left" else "right")
        )
        part, self.buffer = self.buffer[:num], self.buffer[num:]
        return part


def _bounds(runs: list[_Run]) -> list[tuple[float, str]]:
    """Return for each run up to which time its buffer can be given away.

    Behind the buffer of the run whose buffer ends first there may be records of that very time,
    which come before those of later runs, and after those of earlier ones.
    """
    ends = [float(run.buffer["time_s"][-1]) if run.has_more else np.inf for run in runs]
    first = int(np.argmin(ends))
    return [(ends[first], "right" if index <= first else "left") for index in range(len(runs))]
