"""Azure Functions: counts a minute (2019), and single invocations (2021).

Published in https://github.com/Azure/AzurePublicDataset, described by Shahrad et al., "Serverless
in the Wild" (ATC 2020), and Zhang et al., "Faster and Cheaper Serverless Computing on Harvested
Resources" (SOSP 2021).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import count_columns, name_column, number_column, second_column
from alpaplan.files.csv_table import CsvTable
from alpaplan.files.logs.records import Form, LogFormat, LogReading, records_of

MINUTE_S = 60.0

_PUBLISHED_2019 = ["HashOwner", "HashApp", "HashFunction", "Trigger"]
_PUBLISHED_2021 = ["app", "func", "end_timestamp", "duration"]
_PLAIN_2021 = ["timestamp_s", "function_or_model", "duration_s"]

_SEPARATOR = "\x1f"
"""Unit separator of ASCII, which no name has."""

_KEY = f"{{}}{_SEPARATOR}{{}}"


def read_2019(log: CsvTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each minute and function with invocations; each file follows the last.

    Published as ``HashOwner,HashApp,HashFunction,Trigger,1,2,...,1440``, one file a day; also read
    is ``function,minute_0,minute_1,...``.
    """
    first, function = _minutes_begin(log)
    begin_s = reading.next_file_s
    reading.next_file_s = begin_s + MINUTE_S * (len(log.header) - first)
    for chunk in log.chunks():
        names = name_column(chunk, function)
        counts = count_columns(chunk, first)
        number = reading.functions.numbers(names, log.issues)
        row, minute = np.nonzero(counts)
        yield records_of(
            Form.COUNT,
            row.size,
            time_s=begin_s + MINUTE_S * minute,
            function=number[row],
            count=counts[row, minute],
        )


def read_2021(log: CsvTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each invocation.

    Published as ``app,func,end_timestamp,duration``, in order of the end: it arrived a duration
    earlier. Also read is ``timestamp_s,function_or_model,duration_s``, with times of arrival.
    """
    published = log.match_header(_PUBLISHED_2021, _PLAIN_2021) == 0
    time, duration = (2, 3) if published else (0, 2)
    for chunk in log.chunks():
        arrival_s = second_column(chunk, time)
        took_s = number_column(chunk, duration, minimum=0)
        names = name_column(chunk, 1)
        if published:
            # A function's name is unique only in its app, says the dataset's description.
            names = list(map(_KEY.format, name_column(chunk, 0), names))
        yield records_of(
            Form.REQUEST,
            len(names),
            time_s=arrival_s - took_s if published else arrival_s,
            function=reading.functions.numbers(names, log.issues),
        )


def name_functions(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Name functions as in the log; those whose name several apps have with their app.

    Parameters
    ----------
    keys
        App and function of each as `_KEY` writes them; without an app where the log has none.
    """
    parts = [key.rpartition(_SEPARATOR) for key in keys]
    num_apps = Counter(function for _, _, function in parts)
    return tuple(
        f"{app}/{function}" if app and num_apps[function] > 1 else function
        for app, _, function in parts
    )


def _minutes_begin(log: CsvTable) -> tuple[int, int]:
    """Return the positions of the first minute and of the function's name."""
    header = log.header
    for start, prefix, number in ((_PUBLISHED_2019, "", 1), (["function"], "minute_", 0)):
        first = len(start)
        minutes = [f"{prefix}{number + index}" for index in range(len(header) - first)]
        if header[:first] == start and header[first:] == minutes and minutes:
            return first, 2 if first > 1 else 0
    # Thousands of columns: show where they stop being as they should.
    wrong = next((n for n in header if not re.fullmatch(r"(minute_)?\d+|function|Hash\w+", n)), "")
    what = "'HashOwner,HashApp,HashFunction,Trigger,1,2,...' or 'function,minute_0,minute_1,...'"
    found = log.shown_header() + (f" with {wrong!r}" if wrong and wrong not in header[:4] else "")
    raise log.header_refusal(f"must begin with {what}, found {found}")


FORMAT_2019 = LogFormat(Form.COUNT, read_2019, window_s=MINUTE_S)
FORMAT_2021 = LogFormat(Form.REQUEST, read_2021, name_functions=name_functions)
