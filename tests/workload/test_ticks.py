"""Times in long ticks: when they are found, when not, and what spreading keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.workload.arrivals.renewal import Gamma, Poisson
from alpaplan.workload.sampling import merge_traces
from alpaplan.workload.statistics import gap_cv
from alpaplan.workload.ticks import TickFinder, find_ticks, spread_ticks
from alpaplan.workload.trace import Trace
from tests.workload.statistics import Floats


def trace_of(**streams: Floats) -> Trace:
    names = tuple(streams)
    parts = [
        Trace(times, np.full(times.size, index, dtype=np.int32), names, 1.0)
        for index, times in enumerate(streams.values())
    ]
    return merge_traces(parts, 1.0)


def poisson(rate_rps: float, duration_s: float = 600.0, seed: int = 5) -> Floats:
    return Poisson(rate_rps).sample(duration_s, np.random.default_rng(seed))


def in_ticks(times_s: Floats, tick_s: float) -> Floats:
    return np.round(np.floor(times_s / tick_s) * tick_s, 6)


@pytest.mark.parametrize("tick_s", [60.0, 30.0, 10.0, 5.0, 1.0, 0.5, 0.2, 0.1])
@pytest.mark.parametrize("start_s", [0.0, 0.37, 1_700_000_000.0])
def test_ticks_are_found_and_spread(tick_s: float, start_s: float) -> None:
    exact = poisson(20.0)
    coarse = trace_of(a=in_ticks(exact, tick_s) + start_s)
    ticks = find_ticks(coarse)
    assert ticks.tick_s.tolist() == [tick_s]
    assert ticks.num_requests == exact.size
    spread = spread_ticks(coarse, ticks)
    (cv,) = gap_cv(spread.arrival_s, spread.model, 1)
    assert cv == pytest.approx(1, abs=0.05)
    # As many in each tick as before, in order, and the same each time.
    counted = np.floor((spread.arrival_s - start_s) / tick_s + 1e-6)
    assert (counted == np.rint((coarse.arrival_s - start_s) / tick_s)).all()
    assert (np.diff(spread.arrival_s) >= 0).all()
    assert spread.duration_s == spread.arrival_s[-1] - spread.arrival_s[0]
    assert (spread_ticks(coarse, ticks).arrival_s == spread.arrival_s).all()
    assert not find_ticks(spread).num_requests


def test_requests_of_a_model_keep_their_order() -> None:
    coarse = trace_of(a=in_ticks(poisson(20.0), 1.0), b=poisson(5.0, seed=6))
    numbered = np.arange(coarse.num_requests, dtype=np.int32)
    spread = spread_ticks(
        replace(coarse, input_tokens=numbered, output_tokens=numbered), find_ticks(coarse)
    )
    assert spread.input_tokens is not None
    assert (np.diff(spread.arrival_s) >= 0).all()
    for model in (0, 1):
        assert (np.diff(spread.input_tokens[spread.model == model]) > 0).all()
        np.testing.assert_array_equal(
            np.sort(numbered[coarse.model == model]), spread.input_tokens[spread.model == model]
        )
    # One request of b among those of a in a tick does not stay where it was in all ticks.
    assert (np.diff(spread.input_tokens) < 0).any()


@pytest.mark.parametrize(
    "times_s",
    [
        poisson(20.0),
        np.round(poisson(20.0), 3),
        np.round(Gamma(20.0, 6.0).sample(600.0, np.random.default_rng(6)), 3),
        np.arange(600.0),
        # Simulated on a grid of binary fractions, so that requests meet.
        in_ticks(poisson(20.0), 1 / 64),
        in_ticks(poisson(20.0), 1 / 8),
        # Few round times.
        np.repeat(np.arange(3.0), 3),
    ],
    ids=["exact", "milliseconds", "bursts", "clock", "64ths", "8ths", "few"],
)
def test_what_are_no_ticks(times_s: Floats) -> None:
    trace = trace_of(a=times_s)
    ticks = find_ticks(trace)
    assert ticks.num_requests == 0
    assert spread_ticks(trace, ticks) is trace


def test_bursts_on_a_fine_grid_are_bursts() -> None:
    rng = np.random.default_rng(7)
    times = np.sort(np.repeat(np.round(Poisson(2.0).sample(600.0, rng), 2), 5))
    assert find_ticks(trace_of(a=times)).num_requests == 0
    # In a grid longer than the gaps nothing tells a burst from a tick.
    assert find_ticks(trace_of(a=in_ticks(poisson(200.0), 0.01))).num_requests


def test_clocks_that_strike_together_are_no_ticks() -> None:
    strikes = trace_of(**{f"m{i}": np.arange(100.0) for i in range(10)})
    assert find_ticks(strikes).num_requests == 0


def test_models_that_are_rare_share_the_ticks_of_all() -> None:
    streams = {f"m{i}": in_ticks(poisson(0.02, seed=i), 1.0) for i in range(500)}
    ticks = find_ticks(trace_of(**streams))
    assert set(ticks.tick_s.tolist()) == {1.0}


def test_each_model_has_its_own_clock() -> None:
    half, whole = in_ticks(poisson(20.0, seed=1), 0.5), in_ticks(poisson(5.0, seed=2), 1.0)
    trace = trace_of(half=half, exact=poisson(10.0, seed=3), whole=whole)
    ticks = find_ticks(trace)
    assert ticks.tick_s.tolist() == [0.5, 0.0, 1.0]
    assert ticks.num_requests == half.size + whole.size
    assert ticks.describe(as_recorded=False).startswith("times are in ticks of 500 ms and 1 s")
    spread = spread_ticks(trace, ticks)
    assert spread.requests_per_model().tolist() == trace.requests_per_model().tolist()
    kept = trace.arrival_s[trace.model == 1]
    assert (spread.arrival_s[spread.model == 1] == kept).all()


def test_silent_hours_do_not_hide_ticks() -> None:
    times = in_ticks(poisson(5.0), 1.0)
    assert find_ticks(trace_of(a=np.append(times, times + 80_000))).num_requests == 2 * times.size


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_parts_do_not_matter(size: int) -> None:
    trace = trace_of(a=in_ticks(poisson(3.0), 1.0), b=in_ticks(poisson(2.0, seed=9), 0.5))
    cuts = range(0, trace.num_requests, size)
    parts = [(trace.arrival_s[i : i + size], trace.model[i : i + size]) for i in cuts]
    finder = TickFinder(2)
    for times_s, model in reversed(parts):
        finder.add(times_s, model)
    found, whole = finder.ticks(parts), find_ticks(trace)
    assert found.tick_s.tolist() == whole.tick_s.tolist() != [0.0, 0.0]
    assert found.num_requests == whole.num_requests


def test_nothing_has_no_ticks() -> None:
    assert find_ticks(Trace(np.empty(0), np.empty(0, np.int32), ("a",), 0.0)).num_requests == 0
