"""Azure LLM inference traces: single requests of services, with their token counts.

Published in https://github.com/Azure/AzurePublicDataset, described by Patel et al., "Splitwise"
(ISCA 2024).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import name_column
from alpaplan.files.csv_table import CsvTable
from alpaplan.files.logs.records import Form, LogFormat, LogReading, records_of
from alpaplan.files.logs.token_columns import read_tokens

_PUBLISHED = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
_PLAIN = ["timestamp_s", "function_or_model", "input_tokens", "output_tokens"]


def read_llm(log: CsvTable, reading: LogReading) -> Iterator[NDArray[np.void]]:
    """Yield a record for each request.

    Published as ``TIMESTAMP,ContextTokens,GeneratedTokens``, one file a service, whose
    name is that of the file without its ending; times are dates. Also read is
    ``timestamp_s,function_or_model,input_tokens,output_tokens``.
    """
    published = log.match_header(_PUBLISHED, _PLAIN) == 0
    tokens = (1, 2) if published else (2, 3)
    service = reading.file_names[log.path]
    for chunk in log.chunks():
        time_s = reading.clock.read(chunk, 0)
        names = [service] * len(chunk.lines) if published else name_column(chunk, 1)
        function = reading.functions.numbers(names, log.issues)
        yield records_of(
            Form.LLM_REQUEST,
            len(names),
            time_s=time_s,
            function=function,
            **read_tokens(chunk, tokens, reading, may_lack=False),
        )


FORMAT = LogFormat(Form.LLM_REQUEST, read_llm)
