"""What is wanted of a log, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from alpaplan.files.logs.records import LogFormat
from alpaplan.workload.assignment import Assignment, EachAModel
from alpaplan.workload.rescale import Scaling
from alpaplan.workload.ticks import Ticks


class ImportProgress(Protocol):
    """Listens to the progress of an import."""

    def begin(self, what: str, total: int) -> None:
        """Start a part of the work that has `total` steps."""

    def advance(self, steps: int) -> None:
        """Count steps that were done."""


@dataclass(frozen=True)
class ImportOptions:
    """How to make a trace of a log.

    Parameters
    ----------
    log_format
        Format of its files.
    time_column, model_column, input_column, output_column
        Names of columns, for formats that leave them open; None for the usual ones.
    time_unit
        Name in `registry.TIME_UNITS` of what times count; None for the format's, or what they say.
    model
        Model of all requests; None if the log says it.
    start_s, end_s
        Part of the log to take, in the log's time; None for its beginning and end.
    window_s
        Length of the windows in which arrivals are drawn anew; None for the format's.
    scaling
        How rates, CVs and time are changed.
    assignment
        Which model each function stands for.
    as_recorded
        Keep times that were recorded in long ticks.
    """

    log_format: LogFormat
    time_column: str | None = None
    model_column: str | None = None
    input_column: str | None = None
    output_column: str | None = None
    time_unit: str | None = None
    model: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    window_s: float | None = None
    scaling: Scaling = field(default_factory=Scaling)
    assignment: Assignment = field(default_factory=EachAModel)
    as_recorded: bool = False


@dataclass(frozen=True)
class ImportSummary:
    """Size of the trace, and what was left out of it.

    Parameters
    ----------
    requests, num_models
        Requests in the trace, and models that have any.
    duration_s
        From the first request to the last one.
    num_silent_models
        Models without a request that functions were to be assigned to.
    num_left_out
        Functions in the part that was taken that the assignment left out.
    requests_left_out
        Their requests in the log; expected ones, where it has rates only.
    requests_before
        Requests before the log's time 0, which are not in the trace.
    ticks
        Long ticks that the times were recorded in; None where they were not.
    begins
        The moment that the log's first request came, in words; None if times are not moments.
    windows
        Number and length of the windows of a log that has rates; None of another one.
    has_tokens
        Whether the trace has token counts.
    num_raised
        Token counts of the log that were 0, and taken as 1.
    """

    requests: int
    num_models: int
    duration_s: float
    num_silent_models: int
    num_left_out: int
    requests_left_out: float
    requests_before: int
    ticks: Ticks | None
    begins: str | None
    windows: tuple[int, float] | None
    has_tokens: bool
    num_raised: int
