"""Arrivals by windows of time: the process of every model in each of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.runs import arrivals_for
from alpaplan.specs.arrivals import (
    MAX_CV,
    MIN_CV,
    ArrivalsSpec,
    GammaArrivals,
    PiecewiseArrivals,
    PoissonArrivals,
    TraceArrivals,
    Window,
)
from alpaplan.workload.arrival_sets import recorded_trace, sample_duration_s
from alpaplan.workload.statistics import gap_cv
from alpaplan.workload.trace import Trace

NO_RATE_RPS = 1e-12
"""Rate of a model that gets no requests in a window, for which documents have no process."""


def recorded_arrivals(inputs: Inputs) -> Trace | None:
    """Return the recorded arrivals to plan for; None if arrivals are processes.

    Raises
    ------
    AlpaplanError
        If the arrivals of some models only are recorded.
    """
    workload = inputs.workload
    if not workload.recorded:
        return None
    if not workload.is_recorded:
        raise AlpaplanError(
            "to plan a schedule, the arrivals of all models must be recorded, or those of none"
        )
    return recorded_trace(workload.models, workload.recorded)


def period_s(inputs: Inputs, recorded: Trace | None) -> float | None:
    """Return how long it takes until all arrivals begin anew: the longest list of windows.

    Of recorded arrivals it is when they end; None if nothing changes over time.
    """
    if recorded is not None and recorded.num_requests:
        return float(np.nextafter(recorded.arrival_s[-1], np.inf))
    lengths = [
        sum(window.duration_s for window in model.arrivals.windows)
        for model in inputs.workload.models
        if isinstance(model.arrivals, PiecewiseArrivals)
    ]
    return max(lengths, default=None)


def with_measured_windows(inputs: Inputs, recorded: Trace, edges_s: Sequence[float]) -> Inputs:
    """Return inputs whose arrivals are processes that are measured window by window.

    Each model has gamma arrivals with the rate and the CV of its gaps in each window.

    Parameters
    ----------
    inputs, recorded
        The inputs, and arrivals of their models.
    edges_s
        Where windows begin, and where the last one ends.
    """
    workload = inputs.workload
    found: list[list[Window]] = [[] for _ in workload.models]
    for start_s, end_s in pairwise(edges_s):
        part = recorded.window(start_s, end_s)
        counts = part.requests_per_model().tolist()
        cvs = gap_cv(part.arrival_s, part.model, len(counts)).tolist()
        for own, count, cv in zip(found, counts, cvs, strict=True):
            own.append(_measured(end_s - start_s, count, cv))
    models = tuple(
        replace(model, arrivals=_joined(own))
        for model, own in zip(workload.models, found, strict=True)
    )
    return replace(inputs, workload=replace(workload, models=models, recorded={}))


def _measured(duration_s: float, count: int, cv: float) -> Window:
    if not count:
        return Window(duration_s=duration_s)
    within = 1.0 if np.isnan(cv) else min(max(cv, MIN_CV), MAX_CV)
    process = GammaArrivals(process="gamma", rate_rps=count / duration_s, cv=within)
    return Window(duration_s=duration_s, arrivals=process)


def arrivals_between(
    inputs: Inputs,
    start_s: float,
    end_s: float,
    trace: Path | None = None,
    duration_s: float | None = None,
    seed: int = 0,
) -> Trace:
    """Return requests as they come from one time to another.

    Parameters
    ----------
    inputs
        The workload's models.
    start_s, end_s
        When; the end may be infinite.
    trace
        File of requests, of which those in between are taken; None for recorded arrivals likewise,
        or a sample of the processes as they are then.
    duration_s, seed
        Length of a sample, which is no longer than the time in between, and what chooses it.

    Raises
    ------
    InputError
        See `alpaplan.planning.runs.arrivals_for`.
    """
    if trace is not None or inputs.workload.recorded:
        arrivals = arrivals_for(inputs, trace, None, seed, others=True)
        recorded_s = float(np.nextafter(arrivals.duration_s, np.inf))
        return arrivals.window(start_s, min(end_s, max(start_s, recorded_s)))
    length_s = end_s - start_s
    if not math.isfinite(length_s):
        length_s = period_s(inputs, None) or 1.0
    then = in_window(inputs, start_s, start_s + length_s)
    wanted_s = duration_s or sample_duration_s(then.workload.models)
    return then.workload.sample(min(wanted_s, end_s - start_s), seed)


def in_window(inputs: Inputs, start_s: float, end_s: float) -> Inputs:
    """Return the inputs as they are in a window of time."""
    models = tuple(
        replace(model, arrivals=_joined(_clipped(model.arrivals, start_s, end_s)))
        for model in inputs.workload.models
    )
    return replace(inputs, workload=replace(inputs.workload, models=models))


def _joined(windows: list[Window]) -> ArrivalsSpec:
    if not any(window.arrivals is not None for window in windows):
        return PoissonArrivals(process="poisson", rate_rps=NO_RATE_RPS)
    first = windows[0].arrivals
    if len(windows) == 1 and first is not None:
        return first
    return PiecewiseArrivals(process="piecewise", windows=tuple(windows))


def _clipped(arrivals: ArrivalsSpec, start_s: float, end_s: float) -> list[Window]:
    """Return what a process does in a window: windows of its own, those of a period in turn."""
    if isinstance(arrivals, TraceArrivals):
        raise AlpaplanError("recorded arrivals have no windows before they are measured")
    if not isinstance(arrivals, PiecewiseArrivals):
        return [Window(duration_s=end_s - start_s, arrivals=arrivals)]
    found: list[Window] = []
    whole_s = sum(window.duration_s for window in arrivals.windows)
    at_s = start_s // whole_s * whole_s
    for window in itertools.cycle(arrivals.windows):
        if at_s >= end_s:
            break
        length_s = min(end_s, at_s + window.duration_s) - max(start_s, at_s)
        if length_s > 0:
            found.append(Window(duration_s=length_s, arrivals=window.arrivals))
        at_s += window.duration_s
    return found
