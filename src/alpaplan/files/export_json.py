"""Reading an ``alpaplan-export.json``, of which later exports ask for little."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from alpaplan.errors import InputError
from alpaplan.files.document import read_raw
from alpaplan.files.json_tree import parse_json
from alpaplan.files.validation import issues_of
from alpaplan.specs.export import EarlierExport

EXPORT_NAME = "alpaplan-export.json"
"""The file that says of a folder what was exported into it."""


def load_export(path: Path) -> EarlierExport:
    """Read what an export says of itself.

    Raises
    ------
    InputError
        With everything wrong with the file, in line order.
    """
    raw = read_raw(path, parse_json)
    try:
        export = EarlierExport.model_validate(raw.root.value)
    except ValidationError as error:
        issues = issues_of(error, EarlierExport, raw.root)
        raise InputError(raw.error_lines(issues)) from error
    if raw.issues:
        raise InputError(raw.error_lines(()))
    return export
