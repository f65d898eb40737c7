from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.workload.split import hold_out
from alpaplan.workload.trace import Trace


def _trace(times: list[float], duration_s: float) -> Trace:
    model = np.arange(len(times), dtype=np.int32) % 2
    return Trace(np.array(times, dtype=np.float64), model, ("a", "b"), duration_s)


def test_the_end_of_a_sampled_trace_is_held_out() -> None:
    train, held_out = hold_out(_trace([1.0, 5.0, 7.5, 8.0, 9.5], 10.0), 0.25)
    assert train.arrival_s.tolist() == [1.0, 5.0]
    assert train.duration_s == 7.5
    assert held_out.arrival_s.tolist() == [0.0, 0.5, 2.0]
    assert held_out.model.tolist() == [0, 1, 0]
    assert held_out.duration_s == 2.5
    assert train.model_names == held_out.model_names == ("a", "b")


def test_a_recorded_trace_is_cut_by_the_time_it_was_observed_for() -> None:
    train, held_out = hold_out(_trace([100.0, 103.0, 106.0, 110.0], 10.0), 0.5)
    assert train.arrival_s.tolist() == [100.0, 103.0]
    assert held_out.arrival_s.tolist() == [1.0, 5.0]
    assert (train.duration_s, held_out.duration_s) == (5.0, 5.0)


def test_an_empty_trace_has_two_empty_parts() -> None:
    train, held_out = hold_out(_trace([], 8.0), 0.25)
    assert train.num_requests == held_out.num_requests == 0
    assert (train.duration_s, held_out.duration_s) == (6.0, 2.0)


@given(
    times=st.lists(st.floats(0, 1e6), min_size=1, max_size=30).map(sorted),
    fraction=st.floats(0.01, 0.99),
)
def test_no_arrival_is_lost_or_moved_across_the_cut(times: list[float], fraction: float) -> None:
    trace = _trace(times, times[-1] - times[0])
    train, held_out = hold_out(trace, fraction)
    assert train.num_requests + held_out.num_requests == len(times)
    assert train.duration_s + held_out.duration_s == pytest.approx(trace.duration_s)
    assert np.concatenate((train.model, held_out.model)).tolist() == trace.model.tolist()
    assert np.all(held_out.arrival_s >= 0)
    assert np.all(held_out.arrival_s <= held_out.duration_s + 1e-6)
    assert np.all(train.arrival_s <= times[0] + train.duration_s + 1e-6)


@pytest.mark.parametrize("fraction", [-0.1, 0.0, 1.0, float("nan")])
def test_a_fraction_that_leaves_a_part_empty_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction must be above 0 and below 1"):
        hold_out(_trace([1.0], 2.0), fraction)
