"""Traces that options name, of models that a workload has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpaplan.errors import InputError, did_you_mean
from alpaplan.files.trace_csv import read_trace
from alpaplan.specs.fields import MAX_NAME_LENGTH, is_name
from alpaplan.units import format_value

if TYPE_CHECKING:
    from alpaplan.workload.trace import Trace


def read_trace_of(path: Path, known: Sequence[str]) -> Trace:
    """Read a trace file of the given models.

    Returns
    -------
    Trace
        Of all `known` models, in their order.

    Raises
    ------
    InputError
        With everything wrong with the file, models that are not known included.
    """
    recorded = read_trace(path)
    names = recorded.model_names
    unknown = [m for m, name in enumerate(names) if name not in set(known)]
    if unknown:
        raise InputError(
            f"{path}:{_first_line(recorded, m)}: model: must be one of the workload's, found "
            f"{names[m]!r}{did_you_mean(names[m], known)}"
            for m in unknown
        )
    return recorded.for_models(known)


def require_names(trace: Trace, path: Path) -> None:
    """Make sure that a trace's models can be named in a document.

    Raises
    ------
    InputError
        With all names that no document may have.
    """
    bad = [m for m, name in enumerate(trace.model_names) if not is_name(name)]
    if bad:
        raise InputError(
            f"{path}:{_first_line(trace, m)}: model: must be a name of at most {MAX_NAME_LENGTH} "
            f"characters without leading space or control characters, found "
            f"{format_value(trace.model_names[m])}"
            for m in bad
        )


def silent_models(trace: Trace) -> list[str]:
    """Return the models that have no request."""
    counts = trace.requests_per_model().tolist()
    return [name for name, count in zip(trace.model_names, counts, strict=True) if not count]


def _first_line(trace: Trace, model: int) -> int:
    return int(np.argmax(trace.model == model)) + 2  # the first row of data is line 2
