"""ServeGen: rate, CV and law of the gaps of each client in each window.

Measured from production by Xiang et al., "ServeGen" (arXiv 2505.09999).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import name_column, number_column, second_column
from alpaplan.files.csv_table import Chunk, CsvTable
from alpaplan.files.logs.records import Form, LogFormat, LogReading, records_of
from alpaplan.registry import must_be_one_of
from alpaplan.workload.rescale import FAMILIES

_HEADER = ["client", "window_start_s", "rate_rps", "iat_cv", "dist", "shape", "scale"]


def read_windows(log: CsvTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each client and window of ``client,window_start_s,rate_rps,iat_cv,...``.

    What is sampled has the measured rate and CV and the family of ``dist``; the fitted ``shape``
    and ``scale`` are not used, as their mean gap is often far from the measured one.
    """
    log.match_header(_HEADER)
    for chunk in log.chunks():
        names = name_column(chunk, 0)
        yield records_of(
            Form.LAW,
            len(names),
            time_s=second_column(chunk, 1),
            function=reading.functions.numbers(names, log.issues),
            rate_rps=number_column(chunk, 2, minimum=0),
            cv=number_column(chunk, 3, above=0),
            family=_families(chunk),
        )


def _families(chunk: Chunk) -> NDArray[np.int8]:
    texts = chunk.column(4)
    numbers = [FAMILIES.index(text.lower()) if text.lower() in FAMILIES else -1 for text in texts]
    for line, text, number in zip(chunk.lines, texts, numbers, strict=True):
        if number < 0:
            chunk.issues.add(line, f"dist: {must_be_one_of(FAMILIES, text)}")
    return np.array(numbers, dtype=np.int8)


FORMAT = LogFormat(Form.LAW, read_windows)
