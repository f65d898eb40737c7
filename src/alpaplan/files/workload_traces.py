"""The recorded arrivals that a workload names."""

from __future__ import annotations

from pathlib import Path

from alpaplan.errors import InputError, Issue, Location, did_you_mean
from alpaplan.files.document import Document
from alpaplan.files.reading import exists
from alpaplan.files.trace_csv import TraceFile, read_trace
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.trace import Trace


def load_recorded(document: Document[WorkloadSpec]) -> dict[str, TraceFile]:
    """Read the trace of each model whose arrivals are recorded; each file is read once.

    Returns
    -------
    Model name -> its file with the whole trace, rows of other models included.

    Raises
    ------
    InputError
        With everything wrong with any of the files, and if one has no rows of any model that
        names it. A single model without rows is not wrong: it was not asked for in that time.
    """
    lines: list[str] = []
    recorded: dict[str, TraceFile] = {}
    for path, models in named_traces(document).items():
        if not exists(path):
            lines += _at_entries(document, models, f"no such file: {str(path)!r}")
            continue
        try:
            file = read_trace(path)
        except InputError as error:
            lines += error.lines
            continue
        if not set(file.trace.model_names).intersection(model.name for model in models):
            lines += _at_entries(document, models, _no_rows(models, file.trace, path))
        recorded |= {model.name: file for model in models}
    if lines:
        raise InputError(lines)
    return recorded


def named_traces(document: Document[WorkloadSpec]) -> dict[Path, list[ServedModel]]:
    """Return the trace files that a workload names, and the models whose arrivals they are."""
    users: dict[Path, list[ServedModel]] = {}
    for model in document.spec.served_models():
        if isinstance(model.arrivals, TraceArrivals):
            path = document.path.parent / model.arrivals.path
            users.setdefault(path, []).append(model)
    return users


def _at_entries(
    document: Document[WorkloadSpec], models: list[ServedModel], message: str
) -> list[str]:
    entries = dict.fromkeys(model.entry for model in models)
    return [document.error_line(Issue(_place(entry), message)) for entry in entries]


def _no_rows(models: list[ServedModel], trace: Trace, path: Path) -> str:
    hint = did_you_mean(models[0].name, trace.model_names)
    return f"no rows of the workload's models in {str(path)!r}{hint}"


def _place(entry: int) -> Location:
    return ("models", entry, "arrivals", "path")
