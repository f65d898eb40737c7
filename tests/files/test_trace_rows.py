from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.csv_columns import MAX_TIME_S, MAX_TOKENS
from alpaplan.files.trace_rows import TraceRows
from alpaplan.printable import is_printable

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5).filter(is_printable)

# Those on both sides of where the ways to write them part, and of what a table has.
TIMES_S = st.one_of(
    st.floats(0, MAX_TIME_S), st.floats(0, 1e-3), st.integers(0, int(MAX_TIME_S)).map(float)
)
COUNTS = st.one_of(st.integers(0, MAX_TOKENS), st.integers(0, 3), st.integers(16380, 16390))


def one_by_one(rows: Sequence[tuple[float, str, tuple[int, int] | None]]) -> str:
    """Write rows as Python's own functions do."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for time_s, name, counts in rows:
        writer.writerow([repr(time_s), name, *(count or "" for count in counts or ())])
    return stream.getvalue()


def all_at_once(rows: Sequence[tuple[float, str, tuple[int, int] | None]]) -> str:
    known = sorted({name for _, name, _ in rows})
    models = np.array([known.index(name) for _, name, _ in rows], dtype=np.int32)
    counts = [pair for _, _, pair in rows if pair is not None]
    inputs, outputs = (
        np.array(column, np.int32) for column in zip(*counts or [(0, 0)], strict=True)
    )
    text = TraceRows(known, has_tokens=bool(counts)).text
    return text(np.array([row[0] for row in rows]), models, (inputs, outputs) if counts else None)


@given(rows=st.lists(st.tuples(TIMES_S, NAMES, st.none()), min_size=1, max_size=20))
def test_rows_are_those_written_one_by_one(rows: list[tuple[float, str, None]]) -> None:
    assert all_at_once(rows) == one_by_one(rows)


@given(rows=st.lists(st.tuples(TIMES_S, NAMES, st.tuples(COUNTS, COUNTS)), min_size=1, max_size=20))
def test_rows_with_tokens_are_those_written_one_by_one(
    rows: list[tuple[float, str, tuple[int, int]]],
) -> None:
    assert all_at_once(rows) == one_by_one(rows)


def test_times_of_all_magnitudes_have_the_digits_of_repr() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, np.float64(MAX_TIME_S).view(np.int64), 20_000)
    powers = [sign * 10.0**power for power in range(-320, 11) for sign in (1, 3)]
    times_s = np.concatenate(
        [
            bits.view(np.float64),
            rng.random(20_000) * MAX_TIME_S,
            powers,
            2.0 ** np.arange(-1074, 36),
        ]
    )
    text = TraceRows(["m"], has_tokens=False).text(times_s, np.zeros(times_s.size, np.int32), None)
    assert text == "".join(f"{time_s!r},m\n" for time_s in times_s.tolist())


@pytest.mark.parametrize("has_tokens", [False, True])
def test_no_rows(has_tokens: bool) -> None:
    none = np.empty(0, dtype=np.int32)
    tokens = (none, none) if has_tokens else None
    assert TraceRows([], has_tokens=has_tokens).text(np.empty(0), none, tokens) == ""
