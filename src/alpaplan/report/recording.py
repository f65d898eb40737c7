"""What planning on a recording in place of a workload's arrivals assumes, in words."""

from __future__ import annotations

from alpaplan.analysis.recording import RecordingSummary
from alpaplan.report.text import percent, some_names
from alpaplan.units import format_count, format_seconds

MAX_NAMES = 40
"""Most models that are named."""


def describe_recording(recording: RecordingSummary, name: str) -> str:
    """Describe how much there is, what each part is used for, and which models have nothing.

    Parameters
    ----------
    recording
        What it holds.
    name
        The file.
    """
    text = (
        f"arrivals: {recording.num_requests:,} recorded requests of "
        f"{format_count(recording.num_models, 'model')} over "
        f"{format_seconds(recording.duration_s)} from {name}: the first "
        f"{percent(recording.training_fraction, 0)} of the time is planned on, "
        "the rest tests the plan; the workload's own arrivals are ignored"
    )
    silent = recording.silent_models
    if silent:
        text += f"; models without rows: {some_names(silent, MAX_NAMES)}"
    return text
