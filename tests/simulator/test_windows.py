"""One simulation by windows of time."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import AlpaplanError
from alpaplan.simulator import LatencyStatistics, WindowStatistics, summarize, window_statistics
from tests.simulator.cases import Case, one_server, random_case


def windows_of(case: Case, window_s: float) -> tuple[WindowStatistics, ...]:
    return window_statistics(case.trace, case.replay(), window_s)


def test_every_number_by_hand() -> None:
    # Of three at once the last is too late; the one at 9.9 s still keeps the server at 10 s.
    times_s = [0.0, 0.0, 0.0, 9.9, 10.0, 30.0]
    first, second, third, last = windows_of(one_server([0.25], 0.5, times_s, duration_s=35), 10.0)
    assert (first.start_s, first.end_s, first.requests, first.attained) == (0.0, 10.0, 4, 3)
    assert (first.slo_attainment, first.goodput_rps) == (0.75, 0.3)
    assert first.latency == LatencyStatistics.of(np.array([0.25, 0.5, 0.25]))
    assert (second.requests, second.attained) == (1, 1)
    assert second.latency.mean_s == pytest.approx(0.4)
    assert (third.start_s, third.end_s, third.requests, third.attained) == (20.0, 30.0, 0, 0)
    assert math.isnan(third.slo_attainment)
    # The last window ends with the observation.
    assert (last.start_s, last.end_s, last.requests) == (30.0, 35.0, 1)
    assert last.goodput_rps == 0.2
    nothing = {"mean": None, "p50": None, "p90": None, "p99": None}
    assert json.loads(json.dumps(third.to_json_dict(), allow_nan=False)) == {
        "start_s": 20.0, "end_s": 30.0, "requests": 0, "attained": 0, "slo_attainment": None,
        "goodput_rps": 0.0, "latency_s": nothing,
    }  # fmt: skip


def test_a_recording_begins_in_the_window_of_its_first_arrival() -> None:
    first, second = windows_of(one_server([0.25], 1.0, [1234.0, 1255.0, 1260.0, 1261.0]), 30.0)
    assert (first.start_s, first.end_s, first.requests) == (1230.0, 1260.0, 2)
    assert (second.start_s, second.end_s, second.requests) == (1260.0, 1261.0, 2)
    # An arrival at the very end belongs to the last window and does not open one more.
    (only,) = windows_of(one_server([0.25], 1.0, [1234.0, 1255.0, 1260.0]), 30.0)
    assert (only.start_s, only.end_s, only.requests) == (1230.0, 1260.0, 3)


def test_without_requests_or_time() -> None:
    (only,) = windows_of(one_server([0.25], 1.0, []), 10.0)
    assert (only.start_s, only.end_s, only.requests) == (0.0, 0.0, 0)
    assert only.to_json_dict()["goodput_rps"] is None
    idle = windows_of(one_server([0.25], 1.0, [], duration_s=25.0), 10.0)
    assert [window.end_s for window in idle] == [10.0, 20.0, 25.0]


@given(seed=st.integers(0, 2**32), window_s=st.floats(0.05, 100))
def test_windows_add_up_to_the_whole(seed: int, window_s: float) -> None:
    case = random_case(np.random.default_rng(seed), 200)
    summary = summarize(case.problem, case.placement, case.trace, case.replay())
    windows = windows_of(case, window_s)
    assert sum(window.requests for window in windows) == summary.requests
    assert sum(window.attained for window in windows) == summary.attained
    assert windows[0].start_s <= case.trace.arrival_s[0]
    assert windows[-1].end_s == case.trace.arrival_s[-1]
    for before, after in pairwise(windows):
        assert before.end_s == after.start_s
        assert before.end_s - before.start_s == pytest.approx(window_s)
    # A slow count of the same, but for arrivals that rounding puts beside an edge.
    for window in windows[:-1]:
        inside = (case.trace.arrival_s >= window.start_s) & (case.trace.arrival_s < window.end_s)
        assert window.requests == np.count_nonzero(inside)


@given(tenths=st.integers(1, 200), count=st.integers(1, 300))
def test_windows_that_divide_the_time_evenly_have_one_length(tenths: int, count: int) -> None:
    # 7 windows of 0.3 s are 2.1 s, of which rounding would make an eighth without length.
    sample = one_server([0.25], 1.0, [], duration_s=tenths * count / 10)
    lengths_s = [window.end_s - window.start_s for window in windows_of(sample, tenths / 10)]
    assert lengths_s == pytest.approx([tenths / 10] * count)


@given(tenths=st.integers(1, 200), before=st.integers(0, 300), count=st.integers(1, 300))
def test_a_recording_from_edge_to_edge(tenths: int, before: int, count: int) -> None:
    times_s = [tenths * before / 10, tenths * (before + count) / 10]
    windows = windows_of(one_server([0.25], 1.0, times_s), tenths / 10)
    assert windows[0].start_s == pytest.approx(times_s[0])
    assert windows[0].requests == (2 if count == 1 else 1)
    assert (len(windows), windows[-1].requests) == (count, windows[0].requests)


def test_one_window_is_the_summary() -> None:
    case = random_case(np.random.default_rng(5), 300)
    summary = summarize(case.problem, case.placement, case.trace, case.replay())
    (window,) = windows_of(case, 1e9)
    assert window.slo_attainment == summary.slo_attainment
    assert window.latency == summary.latency


def test_more_windows_than_anybody_reads_are_refused() -> None:
    case = one_server([0.25], 1.0, [0.0, 3600.0])
    with pytest.raises(AlpaplanError, match=r"at most 10,000 windows, found 3,600,000 of 1 ms"):
        windows_of(case, 1e-3)
