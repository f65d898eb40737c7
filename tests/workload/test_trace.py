from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.workload.trace import Trace

NAMES = ("a", "b", "c")

traces = st.lists(st.tuples(st.floats(0, 100), st.integers(0, 2)), max_size=40).map(
    lambda rows: Trace(
        np.array(sorted(time for time, _ in rows), dtype=np.float64),
        np.array([model for _, model in rows], dtype=np.int32),
        NAMES,
        100.0,
    )
)


def _rows(trace: Trace) -> list[tuple[float, str]]:
    names = [trace.model_names[model] for model in trace.model]
    return list(zip(trace.arrival_s.tolist(), names, strict=True))


@given(
    trace=traces,
    kept=st.permutations([*NAMES, "new"]).flatmap(
        lambda names: st.integers(0, 4).map(lambda num: names[:num])
    ),
)
def test_for_models_keeps_rows_of_those_models_under_new_numbers(
    trace: Trace, kept: list[str]
) -> None:
    part = trace.for_models(kept)
    assert part.model_names == tuple(kept)
    assert part.duration_s == trace.duration_s
    assert part.model.dtype == np.int32
    assert _rows(part) == [row for row in _rows(trace) if row[1] in kept]


@given(trace=traces, start_s=st.floats(0, 100), length_s=st.floats(0, 100))
def test_window_is_closed_at_its_start_and_open_at_its_end(
    trace: Trace, start_s: float, length_s: float
) -> None:
    end_s = start_s + length_s
    part = trace.window(start_s, end_s)
    assert _rows(part) == [row for row in _rows(trace) if start_s <= row[0] < end_s]
    assert part.duration_s == end_s - start_s


@given(trace=traces)
def test_requests_are_counted_for_every_model(trace: Trace) -> None:
    names = [name for _, name in _rows(trace)]
    assert trace.requests_per_model().tolist() == [names.count(name) for name in NAMES]
    assert trace.num_requests == len(names)


def test_arrivals_cannot_be_changed() -> None:
    trace = Trace(np.zeros(2), np.zeros(2, dtype=np.int32), NAMES, 1.0)
    with pytest.raises(ValueError, match="read-only"):
        trace.arrival_s[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        trace.model[0] = 1
