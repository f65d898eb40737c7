"""What a recording holds, in numbers and in words."""

from __future__ import annotations

import numpy as np

from alpaplan.analysis.recording import RecordingSummary, summarize_recording
from alpaplan.report.recording import MAX_NAMES, describe_recording
from alpaplan.workload.trace import Trace


def recording(*names: str) -> Trace:
    """Return one request of the first model and two of the second."""
    return Trace(np.array([0.0, 1.0, 4.0]), np.array([1, 0, 1], dtype=np.int32), names, 4.0)


def test_numbers() -> None:
    assert summarize_recording(recording("a", "b", "c-0", "c-1")) == RecordingSummary(
        num_requests=3,
        duration_s=4.0,
        num_models=2,
        silent_models=("c-0", "c-1"),
        training_fraction=0.75,
    )


def test_words() -> None:
    text = describe_recording(summarize_recording(recording("a", "b")), "day.csv")
    assert text == (
        "arrivals: 3 recorded requests of 2 models over 4 s from day.csv: the first 75% of the "
        "time is planned on, the rest tests the plan; the workload's own arrivals are ignored"
    )


def test_only_some_of_many_silent_models_are_named() -> None:
    names = ("a", "b", *(f"c-{index}" for index in range(2 * MAX_NAMES)))
    text = describe_recording(summarize_recording(recording(*names)), "day.csv")
    assert text.endswith(f"; models without rows: c-0..{MAX_NAMES - 1} and {MAX_NAMES} more")
