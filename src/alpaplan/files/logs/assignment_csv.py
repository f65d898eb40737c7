"""Which model each function of a log stands for, as a CSV file ``function,model``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alpaplan.errors import did_you_mean
from alpaplan.files.csv_columns import name_column
from alpaplan.files.csv_table import MAX_TABLE_BYTES, CsvTable
from alpaplan.files.line_issues import LineIssues
from alpaplan.units import format_value

HEADER = ["function", "model"]


def read_assignment(path: Path, model_names: Sequence[str] | None) -> dict[str, str]:
    """Read a model for each function.

    Parameters
    ----------
    path
        The file.
    model_names
        The models that there are; None if any will do.

    Raises
    ------
    InputError
        With what is wrong with it, the first lines of that.
    """
    issues = LineIssues(path)
    table = CsvTable(path, issues, max_bytes=MAX_TABLE_BYTES)
    table.match_header(HEADER)
    model_of: dict[str, str] = {}
    line_of: dict[str, int] = {}
    known = None if model_names is None else set(model_names)
    for chunk in table.chunks():
        functions = name_column(chunk, 0)
        models = name_column(chunk, 1)
        for line, function, model in zip(chunk.lines, functions, models, strict=True):
            if function in line_of:
                what = f"duplicate {format_value(function)}, first on line {line_of[function]}"
                issues.add(line, f"function: {what}")
            if known is not None and model not in known:
                hint = did_you_mean(model, known)
                what = f"must be one of the workload's, found {format_value(model)}{hint}"
                issues.add(line, f"model: {what}")
            line_of.setdefault(function, line)
            model_of[function] = model
    table.require_rows()
    issues.raise_any()
    return model_of
