"""What a recording that takes the place of a workload's arrivals holds."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.workload.arrival_sets import HELD_OUT_FRACTION
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class RecordingSummary:
    """A recording of all models of a workload.

    Parameters
    ----------
    num_requests, duration_s
        How much there is.
    num_models
        Models that have requests.
    silent_models
        Names of those that have none.
    training_fraction
        Part of the time, from its start on, that the search trains on; the rest judges.
    """

    num_requests: int
    duration_s: float
    num_models: int
    silent_models: tuple[str, ...]
    training_fraction: float


def summarize_recording(trace: Trace) -> RecordingSummary:
    """Sum up a recording as planning uses it."""
    silent = trace.silent_models()
    return RecordingSummary(
        num_requests=trace.num_requests,
        duration_s=trace.duration_s,
        num_models=len(trace.model_names) - len(silent),
        silent_models=silent,
        training_fraction=1 - HELD_OUT_FRACTION,
    )
