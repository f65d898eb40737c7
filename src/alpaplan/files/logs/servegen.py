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
from alpaplan.printable import printable
from alpaplan.registry import must_be_one_of
from alpaplan.workload.rescale import FAMILIES

_PUBLISHED = ["window_start_s", "rate_rps", "iat_cv", "dist", "shape", "scale"]
_PLAIN = ["client", *_PUBLISHED]


def read_windows(log: CsvTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each client and window.

    Published as one file for each client, without a header: window's start, rate, CV, family,
    shape, scale (``data/*/chunk-N-trace.csv`` of https://github.com/alibaba/ServeGen). The client
    is named after the file. Also read is ``client,window_start_s,rate_rps,iat_cv,...``. A window
    without requests has a rate of 0, and whatever CV and family.

    What is sampled has the measured rate and CV and the family of ``dist``; the fitted ``shape``
    and ``scale`` are not used, as their mean gap is often far from the measured one.
    """
    published = log.match_header(_PUBLISHED, _PLAIN) == 0
    start = 0 if published else 1
    client = printable(reading.file_names[log.path].removesuffix("-trace"))
    for chunk in log.chunks():
        names = [client] * len(chunk.lines) if published else name_column(chunk, 0)
        rate_rps = number_column(chunk, start + 1, minimum=0)
        is_silent = rate_rps == 0
        cv = number_column(chunk, start + 2, above=0, unused=is_silent)
        yield records_of(
            Form.LAW,
            len(names),
            time_s=second_column(chunk, start),
            function=reading.functions.numbers(names, log.issues),
            rate_rps=rate_rps,
            cv=np.where(is_silent, 1.0, cv),
            family=_families(chunk, start + 3, is_silent),
        )


def _families(chunk: Chunk, column: int, is_silent: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return the index of each row's family, the first one's where there are no requests."""
    numbers = np.zeros(len(chunk.lines), dtype=np.int8)
    texts = chunk.column(column)
    for row in np.flatnonzero(~is_silent).tolist():
        family = texts[row].lower()
        if family in FAMILIES:
            numbers[row] = FAMILIES.index(family)
        else:
            chunk.issues.add(chunk.lines[row], f"dist: {must_be_one_of(FAMILIES, texts[row])}")
    return numbers


FORMAT = LogFormat(Form.LAW, read_windows, usual_header=tuple(_PUBLISHED))
