"""The formats of request logs: a module and a line here add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.files.logs.records import LogFormat

TIME_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""What numbers of a log may count -> how many are a second."""

_PACKAGE = "alpaplan.files.logs"

LOG_FORMATS: Registry[LogFormat] = Registry(
    {
        "azure-functions-2019": Entry(
            f"{_PACKAGE}.azure_functions:FORMAT_2019",
            "Azure Functions 2019: requests per function and minute; each FILE is one day",
        ),
        "azure-functions-2021": Entry(
            f"{_PACKAGE}.azure_functions:FORMAT_2021",
            "Azure Functions 2021: one row per request",
        ),
        "azure-llm": Entry(
            f"{_PACKAGE}.azure_llm:FORMAT",
            "Azure LLM inference: one row per request; each FILE is one service",
        ),
        "servegen-windows": Entry(
            f"{_PACKAGE}.servegen:FORMAT",
            "ServeGen: rate and CV of each client in each window of time",
        ),
        "mooncake": Entry(
            f"{_PACKAGE}.json_logs:MOONCAKE",
            "Mooncake: one JSON object per request, times in milliseconds; each FILE is one model",
        ),
        "csv": Entry(
            f"{_PACKAGE}.any_csv:FORMAT",
            "any CSV file with one row per request, a column of times and one of models",
        ),
        "jsonl": Entry(
            f"{_PACKAGE}.json_logs:FORMAT",
            "any JSON Lines file with one object per request, with the keys of csv's columns",
        ),
    },
    what="log format",
)
"""Name -> format."""
