"""What formats make of a log: records of one of three forms, and what reading needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError, did_you_mean
from alpaplan.files.logs.clock import Clock
from alpaplan.files.logs.columns import FunctionNames
from alpaplan.files.logs.reading import LogFile, shown_header
from alpaplan.units import format_value


class Form(Enum):
    """What a record of a log says; the value is its fields beside ``time_s`` and ``function``."""

    REQUEST = ()
    """One request at a time."""

    COUNT = (("count", np.int64),)
    """So many requests in the window that begins at a time."""

    LAW = (("rate_rps", np.float64), ("cv", np.float64), ("family", np.int8))
    """Rate, CV and family of the gaps in the window that begins at a time."""

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Structure of the records."""
        return np.dtype([("time_s", np.float64), ("function", np.int32), *self.value])


@dataclass
class Reading:
    """What all files of a log share while they are read.

    Parameters
    ----------
    time_column, model_column
        Names of columns where the format leaves them open; None for the usual ones.
    functions
        Numbers of the functions.
    clock
        How times are counted.
    next_file_s
        When the next file begins, for formats whose files are consecutive.
    """

    time_column: str | None = None
    model_column: str | None = None
    functions: FunctionNames = field(default_factory=FunctionNames)
    clock: Clock = field(default_factory=Clock)
    next_file_s: float = 0.0


@dataclass(frozen=True)
class LogFormat:
    """One format of request logs.

    Parameters
    ----------
    form
        What its records say.
    read
        Yields the records of one file; what is wrong goes to ``LogFile.problems``.
    window_s
        Length of the windows of `Form.COUNT`.
    names_columns
        Whether the user may name the columns.
    """

    form: Form
    read: Callable[[LogFile, Reading], Iterator[NDArray[np.void]]]
    window_s: float | None = None
    names_columns: bool = False


def records_of(form: Form, size: int, **columns: NDArray[Any]) -> NDArray[np.void]:
    """Return an array of records from its columns."""
    records = np.empty(size, dtype=form.dtype)
    for name, values in columns.items():
        records[name] = values
    return records


def matching_header(log: LogFile, *headers: Sequence[str]) -> int:
    """Return which of the possible headers a file has.

    Raises
    ------
    InputError
        If it has none of them.
    """
    for index, header in enumerate(headers):
        if log.header == list(header):
            return index
    known = " or ".join(repr(",".join(header)) for header in headers)
    raise InputError([f"{log.path}:1: must begin with {known}, found {shown_header(log.header)}"])


def column_of(log: LogFile, wanted: str | None, usual: Sequence[str], what: str) -> int:
    """Return the position of a column, by the name that the user gave or by the usual ones.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if wanted is not None:
        if wanted in log.header:
            return log.header.index(wanted)
        message = f"must have a column {format_value(wanted)}, found {shown_header(log.header)}"
        raise InputError([f"{log.path}:1: {message}{did_you_mean(wanted, log.header)}"])
    lowered = [name.strip().lower() for name in log.header]
    for name in usual:
        if name in lowered:
            return lowered.index(name)
    message = f"must have a {what} column ({', '.join(usual)}), found {shown_header(log.header)}"
    raise InputError([f"{log.path}:1: {message}; name it with --{what}-column"])
