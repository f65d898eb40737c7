"""The formats of request logs: a module and a line here add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Registry

if TYPE_CHECKING:
    from alpaplan.files.logs.records import LogFormat

_PACKAGE = "alpaplan.files.logs"

LOG_FORMATS: Registry[LogFormat] = Registry(
    {
        "azure-functions-2019": f"{_PACKAGE}.azure_functions:FORMAT_2019",
        "azure-functions-2021": f"{_PACKAGE}.azure_functions:FORMAT_2021",
        "azure-llm": f"{_PACKAGE}.azure_llm:FORMAT",
        "servegen-windows": f"{_PACKAGE}.servegen:FORMAT",
        "csv": f"{_PACKAGE}.any_csv:FORMAT",
    },
    what="log format",
)
"""Name -> format."""
