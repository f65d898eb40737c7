"""Any table with a column of times, and one of models unless all requests are of one.

Columns of input and output tokens are taken along.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import name_column
from alpaplan.files.logs.records import Form, LogFormat, LogReading, LogTable, column_of, records_of
from alpaplan.files.logs.token_columns import read_tokens, token_columns

TIME_COLUMNS = ("arrival_s", "timestamp_s", "timestamp", "time", "time_s", "arrival", "datetime")
MODEL_COLUMNS = ("model", "model_name", "function", "function_or_model", "service", "func", "name")
"""Names of columns that are looked for, whatever their case; the first one that is there counts."""


def read_rows(log: LogTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each row; times are numbers or dates."""
    time = column_of(log, reading.time_column, TIME_COLUMNS, "time")
    model = None
    if reading.model is None:
        model = column_of(log, reading.model_column, MODEL_COLUMNS, "model")
    tokens = token_columns(log, reading)
    for chunk in log.chunks():
        time_s = reading.clock.read(chunk, time)
        if model is None:
            names = [reading.model or ""] * len(chunk.lines)
        else:
            names = name_column(chunk, model)
        function = reading.functions.numbers(names, log.issues)
        yield records_of(
            Form.LLM_REQUEST,
            len(names),
            time_s=time_s,
            function=function,
            **read_tokens(chunk, tokens, reading),
        )


FORMAT = LogFormat(Form.LLM_REQUEST, read_rows, names_columns=True, takes_model=True)
