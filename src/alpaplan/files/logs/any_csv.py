"""Any CSV file with a column of times and one of models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import name_column
from alpaplan.files.csv_table import CsvTable
from alpaplan.files.logs.records import Form, LogFormat, LogReading, column_of, records_of

TIME_COLUMNS = ("arrival_s", "timestamp_s", "timestamp", "time", "time_s", "arrival", "datetime")
MODEL_COLUMNS = ("model", "model_name", "function", "function_or_model", "service", "func", "name")
"""Names of columns that are looked for, whatever their case; the first one that is there counts."""


def read_csv(log: CsvTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each row; times are seconds or dates."""
    time = column_of(log, reading.time_column, TIME_COLUMNS, "time")
    model = column_of(log, reading.model_column, MODEL_COLUMNS, "model")
    for chunk in log.chunks():
        time_s = reading.clock.read(chunk, time)
        names = name_column(chunk, model)
        function = reading.functions.numbers(names, log.issues)
        yield records_of(Form.REQUEST, len(names), time_s=time_s, function=function)


FORMAT = LogFormat(Form.REQUEST, read_csv, names_columns=True)
