"""Logs in JSON Lines: any with a key of times, and Mooncake's.

Mooncake's traces are published in https://github.com/kvcache-ai/Mooncake, described by Qin et al.,
"Mooncake" (FAST 2025).
"""

from __future__ import annotations

from alpaplan.files.json_lines import JsonLines
from alpaplan.files.logs.any_csv import read_rows
from alpaplan.files.logs.records import Form, LogFormat

FORMAT = LogFormat(
    Form.LLM_REQUEST, read_rows, names_columns=True, takes_model=True, table=JsonLines
)
MOONCAKE = LogFormat(
    Form.LLM_REQUEST,
    read_rows,
    table=JsonLines,
    time_unit="ms",
    model_is_file=True,
    takes_model=True,
)
