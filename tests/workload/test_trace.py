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


def _tokens(trace: Trace) -> list[tuple[int, int]]:
    assert trace.input_tokens is not None
    assert trace.output_tokens is not None
    return list(zip(trace.input_tokens.tolist(), trace.output_tokens.tolist(), strict=True))


@pytest.fixture
def with_tokens() -> Trace:
    input_tokens = np.array([5, 0, 7, 9], dtype=np.int32)
    model = np.array([0, 1, 0, 2], dtype=np.int32)
    return Trace(np.arange(4.0), model, NAMES, 4.0, input_tokens, input_tokens * 2)


def test_tokens_go_where_their_requests_go(with_tokens: Trace) -> None:
    assert _tokens(with_tokens.for_models(["c", "a"])) == [(5, 10), (7, 14), (9, 18)]
    assert _tokens(with_tokens.window(1, 3)) == [(0, 0), (7, 14)]
    assert _tokens(with_tokens.starting_at(1.0).faster(2.0)) == _tokens(with_tokens)
    assert _tokens(with_tokens.take(np.array([3, 0]))) == [(9, 18), (5, 10)]


def test_joined_traces_have_no_tokens_where_nothing_is_known_of_them(with_tokens: Trace) -> None:
    plain = Trace(np.zeros(1), np.ones(1, dtype=np.int32), NAMES, 1.0)
    both = Trace.joined([with_tokens, plain], 9.0)
    assert both.duration_s == 9.0
    assert _rows(both) == [*_rows(with_tokens), (0.0, "b")]
    assert _tokens(both) == [*_tokens(with_tokens), (0, 0)]
    assert Trace.joined([plain, plain], 1.0).input_tokens is None
