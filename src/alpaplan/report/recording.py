"""What planning on a recording in place of a workload's arrivals assumes, in words."""

from __future__ import annotations

from alpaplan.report.text import name_ranges, percent
from alpaplan.units import format_seconds
from alpaplan.workload.arrival_sets import HELD_OUT_FRACTION
from alpaplan.workload.trace import Trace

MAX_NAMES = 40
"""Most models that are named."""


def describe_recording(trace: Trace, name: str) -> str:
    """Say how much there is, which part serves for what, and which models have nothing.

    Parameters
    ----------
    trace
        Of all models of the workload.
    name
        The file.
    """
    counts = trace.requests_per_model().tolist()
    silent = [model for model, count in zip(trace.model_names, counts, strict=True) if not count]
    num_models = len(counts) - len(silent)
    text = (
        f"arrivals: {trace.num_requests:,} recorded requests of {num_models:,} "
        f"model{'' if num_models == 1 else 's'} over {format_seconds(trace.duration_s)} "
        f"from {name}: the first {percent(1 - HELD_OUT_FRACTION, 0)} of the time is trained on, "
        "the rest judges; the workload's own arrivals are ignored"
    )
    if silent:
        some = name_ranges(silent[:MAX_NAMES])
        more = f" and {len(silent) - MAX_NAMES} more" if len(silent) > MAX_NAMES else ""
        text += f"; models without rows: {some}{more}"
    return text
