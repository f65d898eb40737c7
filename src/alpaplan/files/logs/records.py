"""Records that a log is read into, of one of three forms, and what its reader needs to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import did_you_mean
from alpaplan.files.csv_columns import NameIndex
from alpaplan.files.csv_table import CsvTable
from alpaplan.files.json_lines import JsonLines
from alpaplan.files.line_issues import LineIssues
from alpaplan.files.logs.clock import Clock
from alpaplan.files.text_blocks import Advance
from alpaplan.printable import printable
from alpaplan.units import format_value


class Form(Enum):
    """Kinds of records; the value is their fields besides ``time_s`` and ``function``."""

    REQUEST = ()
    """One request at a time."""

    COUNT = (("count", np.int64),)
    """A number of requests in the window that begins at a time."""

    LAW = (("rate_rps", np.float64), ("cv", np.float64), ("family", np.int8))
    """Rate, CV and family of the gaps in the window that begins at a time."""

    LLM_REQUEST = (("input_tokens", np.int32), ("output_tokens", np.int32))
    """One request at a time, with its token counts; both are 0 where the log has none."""

    @property
    def is_request(self) -> bool:
        """Whether records are single requests."""
        return self in (Form.REQUEST, Form.LLM_REQUEST)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Structure of the records."""
        return np.dtype([("time_s", np.float64), ("function", np.int32), *self.value])


LogTable = CsvTable | JsonLines

NameFunctions = Callable[[tuple[str, ...]], tuple[str, ...]]


@dataclass
class LogReading:
    """State that all files of a log share while they are read.

    Parameters
    ----------
    time_column, model_column, input_column, output_column
        Names of columns where the format leaves them open; None for the usual ones.
    model
        Model of all requests, where no column has it; None if one does.
    functions
        Numbers of the functions.
    num_raised
        Token counts of 0 so far, which were taken as 1.
    has_tokens
        Whether a file had token counts.
    clock
        Reads times.
    next_file_s
        When the next file begins, for formats whose files are consecutive.
    name_functions
        Makes the names of functions from what they are numbered by.
    file_names
        Names of the files, for formats with a model in each; see `names_of_files`.
    """

    time_column: str | None = None
    model_column: str | None = None
    input_column: str | None = None
    output_column: str | None = None
    model: str | None = None
    functions: NameIndex = field(default_factory=NameIndex)
    num_raised: int = 0
    has_tokens: bool = False
    clock: Clock = field(default_factory=Clock)
    next_file_s: float = 0.0
    name_functions: NameFunctions = tuple
    file_names: Mapping[Path, str] = field(default_factory=dict)

    @property
    def function_names(self) -> tuple[str, ...]:
        """Names of the functions so far, by their numbers."""
        return self.name_functions(self.functions.names)


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
    takes_model
        Whether the user may say of which model all requests are.
    table
        Reads the rows of a file.
    usual_header
        Columns of files that have no header.
    time_unit
        Name in `registry.TIME_UNITS` of what times count; None if that is left open.
    model_is_file
        Whether all requests of a file are of one model, named after it unless the user says
        another name.
    name_functions
        See `LogReading`.
    """

    form: Form
    read: Callable[[Any, LogReading], Iterator[NDArray[np.void]]]
    window_s: float | None = None
    names_columns: bool = False
    takes_model: bool = False
    table: type[CsvTable | JsonLines] = CsvTable
    usual_header: tuple[str, ...] = ()
    time_unit: str | None = None
    model_is_file: bool = False
    name_functions: NameFunctions = tuple

    def open(self, path: Path, issues: LineIssues, advance: Advance) -> LogTable:
        """Return the table of a file.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        if self.table is CsvTable:
            return CsvTable(path, issues, usual_header=self.usual_header, advance=advance)
        return self.table(path, issues, advance=advance)


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return printable(name.removesuffix(".csv").removesuffix(".jsonl"))


def names_of_files(paths: Sequence[Path]) -> dict[Path, str]:
    """Return the names of files without their endings, with their folder where they are equal."""
    stems = {path: _stem(path) for path in paths}
    num_files = Counter(stems.values())
    return {
        path: stem if num_files[stem] == 1 else f"{printable(path.resolve().parent.name)}/{stem}"
        for path, stem in stems.items()
    }


def records_of(form: Form, size: int, **columns: NDArray[Any]) -> NDArray[np.void]:
    """Return an array of records from its columns."""
    records = np.empty(size, dtype=form.dtype)
    for name, values in columns.items():
        records[name] = values
    return records


def column_of(log: LogTable, wanted: str | None, usual: Sequence[str], what: str) -> int:
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
    found = usual_column(log, usual)
    if found is not None:
        return found
    article = "an" if what[0] in "aeiou" else "a"
    message = f"must have {article} {what} column ({', '.join(usual)}), found {log.shown_header()}"
    or_model = ", or name the model of all requests with --model" if what == "model" else ""
    raise log.header_refusal(f"{message}; name it with --{what}-column{or_model}")


def usual_column(log: LogTable, usual: Sequence[str]) -> int | None:
    """Return the position of the first usual name, whatever its case; None if none is there."""
    lowered = [name.strip().lower() for name in log.header]
    return next((lowered.index(name) for name in usual if name in lowered), None)
