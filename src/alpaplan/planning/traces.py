"""Traces that options name, of models that a workload has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpaplan.errors import InputError, did_you_mean
from alpaplan.files.line_issues import MAX_SHOWN_LINES, LineIssues
from alpaplan.files.trace_csv import TraceFile, read_trace
from alpaplan.files.trace_tokens import require_tokens
from alpaplan.planning.recordings import spread_recording
from alpaplan.specs.fields import NAME_RULE, is_name
from alpaplan.specs.workload import MAX_MODELS
from alpaplan.units import format_value

if TYPE_CHECKING:
    from alpaplan.workload.trace import Trace


def read_trace_of(
    path: Path,
    known: Sequence[str],
    *,
    llms: Collection[str] = (),
    as_recorded: bool = False,
    others: bool = False,
) -> TraceFile:
    """Read a trace file of the given models, spread as `spread_recording` does.

    Parameters
    ----------
    path
        The file.
    known
        Names of the models.
    llms
        Those of them whose rows have to have token counts.
    as_recorded
        Keep times that were recorded in long ticks.
    others
        Leave out the rows of other models; else they are errors.

    Returns
    -------
    TraceFile
        With a trace of all `known` models, in their order.

    Raises
    ------
    InputError
        With everything wrong with the file, models that are not known and rows of LLMs without
        token counts included.
    """
    file = read_trace(path)
    recorded = file.trace
    index = set(known)
    unknown = [m for m, name in enumerate(recorded.model_names) if name not in index]

    def message(name: str) -> str:
        return (
            f"must be one of the workload's, found {format_value(name)}{did_you_mean(name, known)}"
        )

    if not others:
        _refuse(recorded, path, unknown, message)
    require_tokens(file, llms)
    file = spread_recording(file, as_recorded=as_recorded)
    return replace(file, trace=file.trace.for_models(known))


def require_documentable(trace: Trace, path: Path) -> None:
    """Make sure that a workload document can have all models of a trace.

    Raises
    ------
    InputError
        If there are more than `MAX_MODELS`, or with names that no document may have.
    """
    num_models = len(trace.model_names)
    if num_models > MAX_MODELS:
        raise InputError([f"{path}: must have at most {MAX_MODELS:,} models, found {num_models:,}"])
    bad = [m for m, name in enumerate(trace.model_names) if not is_name(name)]
    _refuse(trace, path, bad, lambda name: f"must be {NAME_RULE}, found {format_value(name)}")


def _refuse(trace: Trace, path: Path, bad: list[int], message: Callable[[str], str]) -> None:
    """Raise an `InputError` with the lines where bad models first appear, if there are any."""
    issues = LineIssues(path)
    for m in bad[:MAX_SHOWN_LINES]:
        line = int(np.argmax(trace.model == m)) + 2  # the first row of data is line 2
        issues.add(line, f"model: {message(trace.model_names[m])}")
    issues.add_unshown(len(bad[MAX_SHOWN_LINES:]))
    issues.raise_any()
