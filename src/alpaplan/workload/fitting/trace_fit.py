"""From a trace to one fitted process for each of its models, in one piece or by windows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import ArrivalsSpec, PiecewiseArrivals, Window
from alpaplan.workload.fitting import LAWS
from alpaplan.workload.fitting.choice import fit_observation
from alpaplan.workload.fitting.law import MIN_REQUESTS, Fit, six_digits
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.fitting.poisson import poisson_log_likelihood
from alpaplan.workload.fitting.span import Span, is_coarse, watched_span
from alpaplan.workload.statistics import gap_cv
from alpaplan.workload.ticks import spread_times
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class ModelFit:
    """What was fitted to one model, and how well.

    Parameters
    ----------
    name
        The model's.
    num_requests, rate_rps
        Of all windows together.
    cv
        Coefficient of variation of the recorded gaps; NaN with fewer than two.
    arrivals
        The process; piecewise if there is more than one window.
    num_windows
        How many windows have each process.
    num_scarce
        Windows with too few requests for a second parameter: Poisson with their own rate.
    num_silent
        Windows without requests.
    num_coarse
        Windows whose requests were recorded in ticks too long for their gaps; see `Span`.
    distance
        Kolmogorov-Smirnov distance of the gap probabilities from uniform ones, all windows
        together; NaN without gaps. No p-value belongs to it, since the parameters were fitted to
        the same gaps.
    gain
        Log-likelihood a request, less that of Poisson in the same windows, in nats.
    """

    name: str
    num_requests: int
    rate_rps: float
    cv: float
    arrivals: ArrivalsSpec
    num_windows: Mapping[str, int]
    num_scarce: int
    num_silent: int
    num_coarse: int
    distance: float
    gain: float


def fit_trace(
    trace: Trace,
    process: str,
    rng: np.random.Generator,
    window_s: float | None = None,
    *,
    as_recorded: bool = False,
    on_fitted: Callable[[int], None] = lambda _: None,
) -> list[ModelFit]:
    """Fit a process to each model that has requests.

    Parameters
    ----------
    trace
        Recorded requests.
    process
        Name in `LAWS`, or ``auto``.
    rng
        Spreads requests that were recorded in long ticks.
    window_s
        Length of the windows; None for one process over the whole time.
    as_recorded
        Keep times that were recorded in long ticks.
    on_fitted
        Called after each window of a model with its number of requests, to show progress.

    Returns
    -------
    list[ModelFit]
        In the order of ``trace.model_names``; models without requests are left out.

    Raises
    ------
    SpecError
        See `watched_span`.
    """
    span = watched_span(trace, window_s, as_recorded=as_recorded)
    needed = MIN_REQUESTS if process == "auto" else LAWS[process].min_requests

    def fit_one(observation: Observation) -> Fit:
        fit = fit_observation(observation, process)
        on_fitted(observation.num_requests)
        return fit

    order = np.argsort(trace.model, kind="stable")
    ends = np.cumsum(trace.requests_per_model())
    return [
        _fit_model(name, trace.arrival_s[index] - span.start_s, span, rng, fit_one, needed)
        for name, index in zip(trace.model_names, np.split(order, ends[:-1]), strict=True)
        if index.size
    ]


def _fit_model(
    name: str,
    arrival_s: NDArray[np.float64],
    span: Span,
    rng: np.random.Generator,
    fit_one: Callable[[Observation], Fit],
    needed: int,
) -> ModelFit:
    """Fit one model's windows; with fewer requests than `needed` they count as scarce."""
    seen, num_coarse = _observations(arrival_s, span, rng)
    fits = [None if one is None else fit_one(one) for one in seen]
    pairs = [(one, fit) for one, fit in zip(seen, fits, strict=True) if one and fit]
    laws: Counter[str] = Counter(fit.arrivals.process for _, fit in pairs)
    gain = math.fsum(fit.log_likelihood - poisson_log_likelihood(one) for one, fit in pairs)
    return ModelFit(
        name=name,
        num_requests=arrival_s.size,
        rate_rps=arrival_s.size / span.duration_s,
        cv=float(gap_cv(arrival_s, np.zeros(arrival_s.size, np.int32), 1)[0]),
        arrivals=_arrivals(fits, span),
        num_windows={law: laws[law] for law in LAWS if laws[law]},
        num_scarce=sum(one.num_requests < needed for one, _ in pairs),
        num_silent=len(seen) - len(pairs),
        num_coarse=num_coarse,
        distance=_distance(pairs),
        gain=gain / arrival_s.size,
    )


def _observations(
    arrival_s: NDArray[np.float64], span: Span, rng: np.random.Generator
) -> tuple[list[Observation | None], int]:
    """Cut a model's requests into windows, None where there are none; count the coarse ones."""
    inner = np.searchsorted(arrival_s, span.edges_s[1:-1])
    seen: list[Observation | None] = []
    num_coarse = 0
    for part, start_s, end_s in zip(
        np.split(arrival_s, inner), span.edges_s, span.edges_s[1:], strict=False
    ):
        times_s, length_s = part - start_s, float(end_s - start_s)
        if is_coarse(times_s, span.tick_s, length_s):
            num_coarse += 1
            tick_ends_s = np.minimum(times_s + span.tick_s, length_s)
            times_s = np.sort(spread_times(times_s, tick_ends_s - times_s, rng))
        seen.append(Observation(times_s, length_s) if part.size else None)
    return seen, num_coarse


def _arrivals(fits: list[Fit | None], span: Span) -> ArrivalsSpec:
    if len(fits) == 1 and fits[0] is not None:
        return fits[0].arrivals
    windows = tuple(
        Window(duration_s=six_digits(length_s), arrivals=None if fit is None else fit.arrivals)
        for fit, length_s in zip(fits, np.diff(span.edges_s).tolist(), strict=True)
    )
    return PiecewiseArrivals(process="piecewise", windows=windows)


def _distance(pairs: list[tuple[Observation, Fit]]) -> float:
    ordered = np.sort(np.concatenate([_uniforms(one, fit) for one, fit in pairs]))
    if not ordered.size:
        return math.nan
    rank = np.arange(ordered.size + 1) / ordered.size
    return float(max((rank[1:] - ordered).max(), (ordered - rank[:-1]).max()))


def _uniforms(one: Observation, fit: Fit) -> NDArray[np.float64]:
    """Return gap probabilities, those of short gaps spread evenly below that of the shortest."""
    law = LAWS[fit.arrivals.process]
    probabilities = law.gap_probabilities(one, fit.arrivals)
    evenly = (np.arange(one.num_short) + 0.5) / max(one.num_short, 1)
    probabilities[one.is_short] *= evenly
    return probabilities
