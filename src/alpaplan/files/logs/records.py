"""Records that a log is read into, of one of three forms, and what its reader needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import did_you_mean
from alpaplan.files.csv_columns import NameIndex
from alpaplan.files.csv_table import CsvTable
from alpaplan.files.logs.clock import Clock
from alpaplan.units import format_value


class Form(Enum):
    """Kinds of records; the value is their fields besides ``time_s`` and ``function``."""

    REQUEST = ()
    """One request at a time."""

    COUNT = (("count", np.int64),)
    """A number of requests in the window that begins at a time."""

    LAW = (("rate_rps", np.float64), ("cv", np.float64), ("family", np.int8))
    """Rate, CV and family of the gaps in the window that begins at a time."""

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Structure of the records."""
        return np.dtype([("time_s", np.float64), ("function", np.int32), *self.value])


@dataclass
class LogReading:
    """State that all files of a log share while they are read.

    Parameters
    ----------
    time_column, model_column
        Names of columns where the format leaves them open; None for the usual ones.
    functions
        Numbers of the functions.
    clock
        Reads times.
    next_file_s
        When the next file begins, for formats whose files are consecutive.
    """

    time_column: str | None = None
    model_column: str | None = None
    functions: NameIndex = field(default_factory=NameIndex)
    clock: Clock = field(default_factory=Clock)
    next_file_s: float = 0.0


@dataclass(frozen=True)
class LogFormat:
    """One format of request logs.

    Parameters
    ----------
    form
        Kind of its records.
    read
        Yields the records of one file; what is wrong goes to ``CsvTable.issues``.
    window_s
        Length of the windows of `Form.COUNT`.
    names_columns
        Whether the user may name the columns.
    """

    form: Form
    read: Callable[[CsvTable, LogReading], Iterator[NDArray[np.void]]]
    window_s: float | None = None
    names_columns: bool = False


def records_of(form: Form, size: int, **columns: NDArray[Any]) -> NDArray[np.void]:
    """Return an array of records from its columns."""
    records = np.empty(size, dtype=form.dtype)
    for name, values in columns.items():
        records[name] = values
    return records


def column_of(log: CsvTable, wanted: str | None, usual: Sequence[str], what: str) -> int:
    """Return the position of a column, by the name that the user gave or by the usual ones.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if not log.header:
        raise log.header_refusal(f"must begin with a header, found {log.shown_header()}")
    if wanted is not None:
        if wanted in log.header:
            return log.header.index(wanted)
        message = f"must have a column {format_value(wanted)}, found {log.shown_header()}"
        raise log.header_refusal(f"{message}{did_you_mean(wanted, log.header)}")
    lowered = [name.strip().lower() for name in log.header]
    for name in usual:
        if name in lowered:
            return lowered.index(name)
    message = f"must have a {what} column ({', '.join(usual)}), found {log.shown_header()}"
    raise log.header_refusal(f"{message}; name it with --{what}-column")
