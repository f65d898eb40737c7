"""The formats of request logs: one line adds one."""

from __future__ import annotations

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.files.logs.any_csv import read_csv
from alpaplan.files.logs.azure_functions import MINUTE_S, read_2019, read_2021
from alpaplan.files.logs.azure_llm import read_llm
from alpaplan.files.logs.records import Form, LogFormat
from alpaplan.files.logs.servegen import read_windows

FORMATS: dict[str, LogFormat] = {
    log_format.name: log_format
    for log_format in (
        LogFormat("azure-functions-2019", Form.COUNT, read_2019, window_s=MINUTE_S),
        LogFormat("azure-functions-2021", Form.REQUEST, read_2021),
        LogFormat("azure-llm", Form.REQUEST, read_llm),
        LogFormat("servegen-windows", Form.LAW, read_windows),
        LogFormat("csv", Form.REQUEST, read_csv, names_columns=True),
    )
}
"""Name -> format."""


def log_format(name: str) -> LogFormat:
    """Return the format of a name.

    Raises
    ------
    AlpaplanError
        If there is none.
    """
    if name not in FORMATS:
        known = ", ".join(FORMATS)
        raise AlpaplanError(
            f"--from must be one of {known}, found {name!r}{did_you_mean(name, FORMATS)}"
        )
    return FORMATS[name]
