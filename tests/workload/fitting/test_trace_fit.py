"""Whole traces: spans and windows, models apart, what gives way, and how well it fits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alpaplan.errors import SpecError
from alpaplan.specs.arrivals import GammaArrivals, PiecewiseArrivals, PoissonArrivals
from alpaplan.workload.arrivals import process_of
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.renewal import Deterministic, Gamma, Poisson
from alpaplan.workload.fitting.span import watched_span
from alpaplan.workload.fitting.trace_fit import ModelFit, fit_trace
from alpaplan.workload.sampling import merge_traces
from alpaplan.workload.statistics import trace_statistics
from alpaplan.workload.trace import Trace
from tests.workload.statistics import Floats


def trace_of(**streams: Floats) -> Trace:
    """Return a recorded trace of some models' arrivals."""
    names = tuple(streams)
    parts = [
        Trace(times, np.full(times.size, index, dtype=np.int32), names, 1.0)
        for index, times in enumerate(streams.values())
    ]
    merged = merge_traces(parts, 1.0)
    duration_s = float(np.ptp(merged.arrival_s))
    return Trace(merged.arrival_s, merged.model, names, duration_s)


def fit(trace: Trace, process: str = "auto", window_s: float | None = None) -> list[ModelFit]:
    return fit_trace(trace, process, np.random.default_rng(0), window_s)


def test_a_span_has_half_a_mean_gap_before_and_after() -> None:
    span = watched_span(trace_of(a=np.array([10.0, 11.0, 14.0])), None)
    assert (span.start_s, span.duration_s) == (9.0, 6.0)
    # So that requests at equal gaps have the rate of the gaps.
    (found,) = fit(trace_of(a=np.arange(100.0) * 7 + 3))
    assert found.rate_rps == pytest.approx(1 / 7)
    assert found.arrivals == GammaArrivals(process="gamma", rate_rps=0.142857, cv=0.001)


@pytest.mark.parametrize(
    ("window_s", "edges_s"),
    [
        (None, [0, 100]),
        (500.0, [0, 100]),
        (40.0, [0, 40, 80, 100]),
        (60.0, [0, 60, 100]),
        (45.0, [0, 45, 100]),
        (25.0, [0, 25, 50, 75, 100]),
    ],
)
def test_the_last_window_takes_what_remains(window_s: float | None, edges_s: list[float]) -> None:
    span = watched_span(trace_of(a=np.arange(100.0)), window_s)
    assert span.edges_s.tolist() == pytest.approx(edges_s)


def test_each_model_has_its_own_process() -> None:
    rng = np.random.default_rng(61)
    trace = trace_of(
        bursty=Gamma(5.0, 4.0).sample(400.0, rng),
        silent=np.empty(0),
        plain=Poisson(3.0).sample(400.0, rng),
        states=Mmpp((20.0, 1.0), (4.0, 16.0)).sample(400.0, rng),
    )
    fits = fit(trace)
    assert [found.name for found in fits] == ["bursty", "plain", "states"]
    assert [found.arrivals.process for found in fits] == ["gamma", "poisson", "mmpp"]
    for found in fits:
        assert found.num_windows == {found.arrivals.process: 1}
        assert process_of(found.arrivals).rate_rps == pytest.approx(found.rate_rps, rel=1e-5)
        assert found.num_requests == pytest.approx(400 * found.rate_rps, rel=0.01)
        # Kolmogorov's 0.001 quantile; smaller still, since the parameters were fitted.
        assert found.distance < 1.95 / math.sqrt(found.num_requests - 1)
    assert [found.gain > 0.3 for found in fits] == [True, False, True]
    assert fits[1].gain == 0
    assert fits[0].cv == pytest.approx(4, rel=0.3)
    # What `workload stats` shows of the same trace.
    measured = {one.name: one.cv for one in trace_statistics(trace).models}
    assert [found.cv for found in fits] == pytest.approx([measured[one.name] for one in fits])


def test_the_distance_tells_a_wrong_process() -> None:
    trace = trace_of(a=Gamma(5.0, 4.0).sample(400.0, np.random.default_rng(62)))
    (wrong,), (right,) = (fit(trace, process) for process in ("poisson", "gamma"))
    assert wrong.distance > 0.3 > 0.03 > right.distance


def test_windows_have_processes_of_their_own() -> None:
    rng = np.random.default_rng(63)
    # Not up to the edges, which half a mean gap moves.
    busy = Gamma(20.0, 3.0).sample(99.0, rng)
    few = 200 + np.array([10.0, 30.0, 50.0, 70.0, 90.0])
    late = 301 + Poisson(2.0).sample(98.0, rng)
    clock = Deterministic(1.0).sample(400.0, rng)
    first, _ = fit(trace_of(a=np.concatenate([busy, few, late]), clock=clock), window_s=100.0)
    assert isinstance(first.arrivals, PiecewiseArrivals)
    one, two, three, four = (window.arrivals for window in first.arrivals.windows)
    assert isinstance(one, GammaArrivals)
    assert one.cv == pytest.approx(3, rel=0.2)
    assert two is None
    # The span has a little more than 400 s, since it was recorded for 399 s.
    assert three == PoissonArrivals(process="poisson", rate_rps=0.05)
    assert isinstance(four, PoissonArrivals)
    assert (first.num_windows, first.num_scarce, first.num_silent) == (
        {"poisson": 2, "gamma": 1},
        1,
        1,
    )
    expected = sum(
        window.duration_s * process_of(window.arrivals).rate_rps
        for window in first.arrivals.windows
        if window.arrivals
    )
    assert expected == pytest.approx(first.num_requests, rel=1e-4)


def test_samples_of_a_fit_are_fitted_the_same() -> None:
    trace = trace_of(a=Gamma(5.0, 4.0).sample(2000.0, np.random.default_rng(64)))
    (first,) = fit(trace)
    again = process_of(first.arrivals).sample(2000.0, np.random.default_rng(65))
    (second,) = fit(trace_of(a=again))
    assert isinstance(first.arrivals, GammaArrivals)
    assert isinstance(second.arrivals, GammaArrivals)
    assert second.arrivals.cv == pytest.approx(first.arrivals.cv, rel=0.05)


def test_whole_seconds_are_spread_where_gaps_are_shorter() -> None:
    exact = Poisson(5.0).sample(2000.0, np.random.default_rng(66))
    (coarse,) = fit(trace_of(a=np.floor(exact)))
    (fine,) = fit(trace_of(a=np.floor(exact * 1000) / 1000))
    assert (coarse.num_coarse, fine.num_coarse) == (1, 0)
    assert coarse.arrivals == PoissonArrivals(process="poisson", rate_rps=coarse.rate_rps)
    assert coarse.rate_rps == exact.size / (np.floor(exact[-1]) - np.floor(exact[0]) + 1)
    # A clock that strikes every second has whole seconds too, and loses nothing.
    (clock,) = fit(trace_of(a=np.arange(200.0)))
    assert clock.num_coarse == 0


def test_progress_counts_all_requests() -> None:
    trace = trace_of(a=np.arange(100.0), silent=np.empty(0), b=np.array([10.5, 60.5]))
    done: list[int] = []
    fit_trace(trace, "poisson", np.random.default_rng(0), 25.0, on_fitted=done.append)
    assert sum(done) == trace.num_requests
    assert len(done) == 4 + 2


def test_the_same_trace_gives_the_same_fits() -> None:
    times = np.floor(Gamma(5.0, 2.0).sample(300.0, np.random.default_rng(67)))
    assert fit(trace_of(a=times)) == fit(trace_of(a=times))


@pytest.mark.parametrize("count", [1, 3])
def test_a_single_instant_has_no_rate(count: int) -> None:
    with pytest.raises(SpecError, match="must span some time, found a single instant"):
        fit(trace_of(a=np.full(count, 5.0)))


def test_two_requests_are_enough() -> None:
    (found,) = fit(trace_of(a=np.array([1.0, 3.0])))
    assert found.arrivals == PoissonArrivals(process="poisson", rate_rps=0.5)
    assert (found.num_scarce, found.num_requests) == (1, 2)
    assert math.isnan(found.cv)


@pytest.mark.parametrize(
    ("times", "window_s", "message"),
    [
        ([0.0, 1e-6], None, "must span from 0.001 to 1e+10 s, found 1e-06 s"),
        ([0.0, 1e12], None, "must span from 0.001 to 1e+10 s, found 1e+12 s"),
        ([0.0, 1000.0], 1e-3, "must be at most 100,000 windows, found 2,000,000"),
    ],
)
def test_spans_out_of_range(times: list[float], window_s: float | None, message: str) -> None:
    with pytest.raises(SpecError) as error:
        fit(trace_of(a=np.array(times)), window_s=window_s)
    assert str(error.value) == message


@pytest.mark.parametrize("process", ["auto", "gamma", "weibull", "mmpp"])
@pytest.mark.parametrize("length_s", [2e-3, 5e9])
def test_lengths_at_the_limits(length_s: float, process: str) -> None:
    times = np.sort(np.random.default_rng(68).random(60)) * length_s
    (found,) = fit(trace_of(a=times), process)
    assert process_of(found.arrivals).rate_rps == pytest.approx(60 / length_s, rel=0.2)
