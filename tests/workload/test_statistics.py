from __future__ import annotations

import csv
import gzip
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpaplan.workload.arrivals.renewal import Gamma
from alpaplan.workload.statistics import (
    DISPERSION_WINDOWS_S,
    MIN_DURATION_S,
    MIN_WINDOWS,
    dispersion_of_counts,
    gap_cv,
    gaps,
    observed_from_s,
    rates_over_time,
    trace_statistics,
)
from alpaplan.workload.trace import Trace
from tests.workload.statistics import assert_mean


def trace_of(rows: list[tuple[float, int]], num_models: int, duration_s: float) -> Trace:
    times, models = zip(*sorted(rows), strict=True) if rows else ((), ())
    names = tuple(f"m{index}" for index in range(num_models))
    return Trace(np.array(times, float), np.array(models, np.int32), names, duration_s)


ROWS = st.lists(st.tuples(st.floats(0, 2000), st.integers(0, 3)), min_size=2, max_size=60)


@example(rows=[(0.0, 0), (5e-324, 0)])
@given(rows=ROWS)
def test_against_loops_over_each_model(rows: list[tuple[float, int]]) -> None:
    rows = sorted(rows)
    start, end = rows[0][0], rows[-1][0]
    trace = trace_of(rows, 5, end - start)
    assert np.isnan(rates_over_time(trace, 3)).all() == (end - start < MIN_DURATION_S)
    found = trace_statistics(trace)
    everyone = [(found.overall, [time for time, _ in rows])]
    everyone += [
        (model, [time for time, owner in rows if owner == index])
        for index, model in enumerate(found.models)
    ]
    for one, times in everyone:
        assert one.requests == len(times)
        if end - start < MIN_DURATION_S:
            assert math.isnan(one.rate_rps)
        else:
            assert one.rate_rps == len(times) / (end - start)
        between = [b - a for a, b in pairwise(times)]
        mean = math.fsum(between) / len(between) if between else 0.0
        if len(between) < 2 or mean == 0:
            assert math.isnan(one.cv)
        else:
            variance = math.fsum((gap - mean) ** 2 for gap in between) / len(between)
            assert one.cv == pytest.approx(math.sqrt(variance) / mean, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("window", [0, 1, 2])
def test_dispersion_and_peak_by_hand(window: int) -> None:
    window_s = DISPERSION_WINDOWS_S[window]
    counts = [0, 3, 1, 0, 0, 2, 0, 0, 5, 0, 1]
    rows = [(index * window_s + 0.1, 0) for index, num in enumerate(counts) for _ in range(num)]
    rows.append((11.0 * window_s, 0))
    # Observed from 0 on: eleven whole windows, and the last arrival just behind them.
    one = trace_statistics(trace_of(rows, 1, 11 * window_s)).models[0]
    mean = 12 / 11
    variance = sum((num - mean) ** 2 for num in counts) / 10
    assert one.dispersion[window] == pytest.approx(variance / mean)
    if window == 1:
        assert one.peak_over_mean == pytest.approx(5 / mean)


def test_too_few_windows_say_nothing() -> None:
    rows = [(float(second), 0) for second in range(100)]
    one = trace_statistics(trace_of(rows, 2, 99.0)).overall
    assert one.dispersion[0] == pytest.approx(0.0)
    assert 99.0 / DISPERSION_WINDOWS_S[1] < MIN_WINDOWS
    assert math.isnan(one.dispersion[1])
    assert math.isnan(one.dispersion[2])
    assert math.isnan(one.peak_over_mean)


def test_a_model_without_requests_and_a_trace_of_one_instant() -> None:
    found = trace_statistics(trace_of([(5.0, 0), (5.0, 0), (5.0, 0)], 2, 0.0))
    assert [model.requests for model in found.models] == [3, 0]
    for one in (found.overall, *found.models):
        assert math.isnan(one.rate_rps)
        assert math.isnan(one.cv)
        assert all(map(math.isnan, one.dispersion))


def test_gaps_of_each_group() -> None:
    times = np.array([0.0, 1.0, 1.5, 4.0, 9.0])
    group = np.array([1, 0, 1, 0, 1])
    gap_s, owner = gaps(times, group)
    assert gap_s.tolist() == [3.0, 1.5, 7.5]
    assert owner.tolist() == [0, 1, 1]
    cv = gap_cv(times, group, 3)
    assert cv[1] == pytest.approx(3.0 / 4.5)
    assert np.isnan(cv[[0, 2]]).all()


def test_only_whole_windows_of_the_observed_time_count() -> None:
    rows = [(10.0, 0), (10.5, 1), (12.0, 0), (15.9, 0), (21.5, 1)]
    trace = trace_of(rows, 2, 11.5)
    assert observed_from_s(trace) == 10.0
    (found,) = dispersion_of_counts(trace, trace.model, 2, [1.0])
    # Eleven windows; the last arrival comes after them.
    assert found == pytest.approx([(3 - 9 / 11) / 10 / (3 / 11), (1 - 1 / 11) / 10 / (1 / 11)])
    with pytest.raises(ValueError, match="window_s must be above 0"):
        dispersion_of_counts(trace, trace.model, 2, [0.0])


def test_windows_that_fill_the_time_are_not_lost_to_rounding() -> None:
    trace = trace_of([(0.05, 0), (1.15, 0)], 1, 1.2)
    assert 1.2 // 0.1 == 11
    (found,) = dispersion_of_counts(trace, trace.model, 1, [0.1])
    assert found == pytest.approx([(2 - 4 / 12) / 11 / (2 / 12)])


def test_rates_over_time_count_the_last_arrival() -> None:
    trace = trace_of([(2.0, 0), (3.0, 0), (3.5, 1), (6.0, 1)], 2, 4.0)
    assert rates_over_time(trace, 2).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert np.isnan(rates_over_time(trace_of([(2.0, 0)], 1, 0.0), 3)).all()


@pytest.mark.parametrize("cv", [1.0, 2.0])
def test_dispersion_of_renewal_processes(cv: float) -> None:
    # Var N(t) = cv^2 rate t + 1/6 + cv^4/2 - m3/3 + o(1), with m3 = 2 cv^4 the third central moment
    # of a gamma gap of mean one (Cox, Renewal Theory, 1962, section 4.5).
    rate_rps, window_s = 20.0, 10.0
    expected = cv**2 + (1 / 6 + cv**4 / 2 - 2 * cv**4 / 3) / (rate_rps * window_s)
    rng = np.random.default_rng(5)
    found = []
    for _ in range(60):
        times = Gamma(rate_rps, cv).sample(400.0, rng)
        trace = Trace(times, np.zeros(times.size, np.int32), ("m",), 400.0)
        found.append(trace_statistics(trace).overall.dispersion[1])
    assert_mean(found, expected)


def test_statistics_of_a_production_log(shared_cases: Path) -> None:
    with gzip.open(shared_cases / "traces" / "dev_azure_llm_2023.csv.gz", "rt") as stream:
        rows = [(float(r["timestamp_s"]), r["function_or_model"]) for r in csv.DictReader(stream)]
    names = ("code", "conv")
    times = np.array([time for time, _ in rows])
    models = np.array([names.index(name) for _, name in rows], dtype=np.int32)
    found = trace_statistics(Trace(times, models, names, float(times[-1] - times[0])))
    assert found.overall.requests == 14_755
    assert round(found.duration_s) == 1740
    assert round(found.overall.rate_rps, 2) == 8.48
    assert round(found.overall.cv, 2) == 1.35
    for name, one in zip(names, found.models, strict=True):
        own = np.array([time for time, owner in rows if owner == name])
        assert one.cv == pytest.approx(np.std(np.diff(own)) / np.mean(np.diff(own)))
        counts = np.array(
            [np.count_nonzero((own >= k) & (own < k + 10)) for k in range(0, 1730, 10)]
        )
        assert one.dispersion[1] == pytest.approx(np.var(counts, ddof=1) / np.mean(counts))
        assert one.peak_over_mean == pytest.approx(counts.max() / counts.mean())
