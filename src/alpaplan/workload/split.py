"""Cut a recorded trace into a part to plan on and a part to judge the plan by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alpaplan.workload.statistics import observed_from_s
from alpaplan.workload.trace import Trace


def hold_out(trace: Trace, fraction: float) -> tuple[Trace, Trace]:
    """Cut a trace in time: a first part to train on, the rest to validate on.

    Parameters
    ----------
    trace
        Observed for `duration_s` up to its last arrival, or from time 0 if that is later: a
        recorded trace may start at any time, a sampled one starts at 0.
    fraction
        Share of the observed time that is held out, at the end; above 0 and below 1.

    Returns
    -------
    tuple[Trace, Trace]
        The first part with its times as they are, and the held-out part with the cut as
        its time 0; their `duration_s` add up to the trace's.

    Raises
    ------
    ValueError
        If `fraction` is not above 0 and below 1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must be above 0 and below 1, found {fraction}")
    train_s = trace.duration_s * (1 - fraction)
    cut_s = observed_from_s(trace) + train_s
    first = int(np.searchsorted(trace.arrival_s, cut_s))
    train = replace(trace.take(slice(first)), duration_s=train_s)
    rest = trace.take(slice(first, None)).starting_at(cut_s)
    return train, replace(rest, duration_s=trace.duration_s - train_s)
