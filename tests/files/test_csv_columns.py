from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import InputError
from alpaplan.files import csv_columns
from alpaplan.files.csv_columns import (
    MAX_COUNT,
    NameIndex,
    count_columns,
    name_column,
    number_column,
)
from alpaplan.files.csv_table import Chunk
from alpaplan.files.line_issues import LineIssues


def chunk_of(header: list[str], *cells: str) -> Chunk:
    """Return rows that begin on line 2."""
    num_rows = len(cells) // len(header)
    return Chunk(header, list(cells), range(2, 2 + num_rows), LineIssues("t.csv"))


NUMBERS = st.floats().map(repr) | st.sampled_from(["", "x", "1_0", "0x1", " 5 ", "-0", "1e400"])


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_all_numbers_at_once_are_as_one_by_one(texts: list[str]) -> None:
    chunk = chunk_of(["n"], *texts)
    together = number_column(chunk, 0, minimum=-5, maximum=1e6, above=-4)
    alone = [chunk_of(["n"], text) for text in texts]
    values = [float(number_column(one, 0, minimum=-5, maximum=1e6, above=-4)[0]) for one in alone]
    np.testing.assert_array_equal(together, values)
    assert chunk.issues.found == any(math.isnan(value) for value in values)
    assert all(one.issues.found == math.isnan(v) for one, v in zip(alone, values, strict=True))


def test_what_is_wrong_with_numbers() -> None:
    chunk = chunk_of(["n"], "x", "1_0", "inf", "-1", "11", "0", "5")
    values = number_column(chunk, 0, minimum=0, maximum=10, above=0)
    np.testing.assert_array_equal(values, [np.nan] * 6 + [5.0])
    assert chunk.issues.lines() == [
        "t.csv:2: n: must be a number, found 'x'",
        "t.csv:3: n: must be a number, found '1_0'",
        "t.csv:4: n: must be a finite number, found 'inf'",
        "t.csv:5: n: must be at least 0, found '-1'",
        "t.csv:6: n: must be at most 10, found '11'",
        "t.csv:7: n: must be above 0, found '0'",
    ]


def test_names_must_be_there() -> None:
    chunk = chunk_of(["n", "name"], "1", "a", "2", "", "3", "b")
    assert name_column(chunk, 1) == ["a", "", "b"]
    assert chunk.issues.lines() == ["t.csv:3: name: must not be empty, found nothing"]


def test_names_have_no_control_characters() -> None:
    chunk = chunk_of(["name"], "a", "\x1b[2J", "b\u202e", "c\x85")
    name_column(chunk, 0)
    what = "name: must have no control characters, found"
    assert chunk.issues.lines() == [
        rf"t.csv:3: {what} '\x1b[2J'",
        rf"t.csv:4: {what} 'b\u202e'",
        rf"t.csv:5: {what} 'c\x85'",
    ]


def test_counts_of_several_columns() -> None:
    chunk = chunk_of(["f", "0", "1"], "a", "1", "2", "b", "3", "4")
    assert count_columns(chunk, 1).tolist() == [[1, 2], [3, 4]]
    bad = chunk_of(["f", "0", "1"], "a", "1", str(MAX_COUNT + 1), "b", "-3", "1.0")
    assert count_columns(bad, 1).tolist() == [[0, 0], [0, 0]]
    assert [line.split(" must")[0] for line in bad.issues.lines()] == [
        "t.csv:2: 1:",
        "t.csv:3: 0:",
        "t.csv:3: 1:",
    ]


def test_names_are_numbered_in_order_of_appearance(monkeypatch: pytest.MonkeyPatch) -> None:
    issues, index = LineIssues("t.csv"), NameIndex()
    assert index.numbers(["b", "a", "b"], issues).tolist() == [0, 1, 0]
    assert index.numbers(["c", "a"], issues).tolist() == [2, 1]
    assert (index.names, len(index)) == (("b", "a", "c"), 3)
    monkeypatch.setattr(csv_columns, "MAX_NAMES", 3)
    with pytest.raises(InputError, match="must have at most 3 different names"):
        index.numbers(["d"], issues)
