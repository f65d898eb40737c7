"""Recorded arrivals as inputs: traces whose times were recorded in long ticks are spread, once."""

from __future__ import annotations

import warnings
from dataclasses import replace

from alpaplan.errors import AlpaplanWarning
from alpaplan.files.document import Document
from alpaplan.files.trace_csv import TraceFile
from alpaplan.files.workload_traces import WorkloadTraces, load_traces
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.ticks import find_ticks, spread_ticks


def spread_recording(file: TraceFile, *, as_recorded: bool = False) -> TraceFile:
    """Spread requests that share a long tick over it, with a warning.

    Parameters
    ----------
    file
        A trace as it is in its file.
    as_recorded
        Leave the times as they are; the warning says so.
    """
    ticks = find_ticks(file.trace)
    if not ticks.num_requests:
        return file
    message = f"{file.path}: {ticks.describe(as_recorded=as_recorded)}"
    warnings.warn(AlpaplanWarning(message), stacklevel=2)
    return file if as_recorded else replace(file, trace=spread_ticks(file.trace, ticks))


def load_recordings(
    document: Document[WorkloadSpec], *, as_recorded: bool = False
) -> WorkloadTraces:
    """Read the traces that a workload names, each file once, and spread recorded arrivals.

    Raises
    ------
    InputError
        See `load_traces`.
    """
    traces = load_traces(document)
    spread = {
        file.path: spread_recording(file, as_recorded=as_recorded)
        for file in {file.path: file for file in traces.arrivals.values()}.values()
    }
    return replace(
        traces, arrivals={name: spread[file.path] for name, file in traces.arrivals.items()}
    )
