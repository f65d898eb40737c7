"""Models with their profiles and objectives as a table: a CSV file in place of a workload."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from alpaplan.files.importers import cells
from alpaplan.files.importers.rows import Layout, Row, parse_cells, read_rows
from alpaplan.files.line_issues import FileIssues
from alpaplan.specs.arrivals import ArrivalsSpec
from alpaplan.specs.lengths import TokenObjectives
from alpaplan.specs.workload import ServedModel

_OBJECTIVES = ("slo_s", "slo_scale")
_LLM_COLUMNS = ("ttft_s", "tpot_s", "max_context_tokens")
_LAYOUT = Layout(("model", "profile"), optional=(*_OBJECTIVES, *_LLM_COLUMNS, "weight"))

_CONVERTERS = {
    "model": cells.name,
    "profile": cells.name,
    "slo_s": cells.seconds,
    "slo_scale": cells.positive_number,
    "ttft_s": cells.seconds,
    "tpot_s": cells.seconds,
    "max_context_tokens": cells.context_tokens,
    "weight": cells.positive_number,
}


def is_models_path(path: Path) -> bool:
    """Whether a file's name says that it is such a table, and no document."""
    return path.name.endswith((".csv", ".csv.gz"))


def read_models(path: Path, arrivals: ArrivalsSpec) -> tuple[ServedModel, ...]:
    """Read models, one a row: ``model,profile`` and ``slo_s`` or ``slo_scale``, maybe ``weight``.

    LLMs have ``max_context_tokens`` and at least one of ``ttft_s``, ``tpot_s`` and ``slo_s``.

    Parameters
    ----------
    path
        The file.
    arrivals
        What all of them have, as the table does not say it.

    Raises
    ------
    InputError
        With everything wrong with the file.
    """
    issues = FileIssues()
    models: dict[str, ServedModel] = {}
    line_of: dict[str, int | None] = {}
    for row in read_rows(str(path), _LAYOUT, issues):
        given = {name: text for name, text in row.cells.items() if text or name in _LAYOUT.required}
        values = parse_cells(replace(row, cells=given), _CONVERTERS, _LAYOUT.required, issues)
        if values is None:
            continue
        _check_objective(row, given, issues)
        name = values["model"]
        if name in models:
            issues.add(row.place, f"model: duplicate {name!r}, first on line {line_of[name]}")
        line_of.setdefault(name, row.place.line)
        models[name] = ServedModel(
            name=name,
            profile=values["profile"],
            slo_s=values.get("slo_s"),
            slo_scale=values.get("slo_scale"),
            weight=values.get("weight", 1.0),
            arrivals=arrivals,
            entry=len(models),
            slo=_token_objectives(values),
            max_context_tokens=values.get("max_context_tokens"),
        )
    issues.raise_any()
    return tuple(models.values())


def _token_objectives(values: Mapping[str, Any]) -> TokenObjectives | None:
    ttft_s, tpot_s = values.get("ttft_s"), values.get("tpot_s")
    if ttft_s is None and tpot_s is None:
        return None
    return TokenObjectives(ttft_s=ttft_s, tpot_s=tpot_s)


def _check_objective(row: Row, given: Collection[str], issues: FileIssues) -> None:
    of_llm = [name for name in _LLM_COLUMNS if name in given]
    found = [name for name in _OBJECTIVES if name in given]
    if not of_llm:
        if len(found) != 1:
            what = "both" if found else "neither"
            issues.add(row.place, f"must have either slo_s or slo_scale, found {what}")
        return
    if "slo_scale" in given:
        issues.add(row.place, f"slo_scale: is not for LLMs, found {of_llm[0]} beside it")
    if "max_context_tokens" not in given:
        what = "must have max_context_tokens, as LLMs do"
        issues.add(row.place, f"{what}, found {of_llm[0]} without it")
    elif of_llm == ["max_context_tokens"] and "slo_s" not in given:
        issues.add(row.place, "must have ttft_s, tpot_s or slo_s, found none")
