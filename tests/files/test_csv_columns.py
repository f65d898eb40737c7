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
    known_token_column,
    name_column,
    number_column,
)
from alpaplan.files.csv_table import Chunk
from alpaplan.files.line_issues import LineIssues
from alpaplan.files.regular_rows import RegularRows


def chunk_of(header: list[str], *cells: str) -> Chunk:
    """Return rows that begin on line 2."""
    num_rows = len(cells) // len(header)
    return Chunk(header, list(cells), range(2, 2 + num_rows), LineIssues("t.csv"))


def regular_chunk_of(*texts: str) -> Chunk:
    """Return rows of one column that are divided into cells where these are asked for."""
    rows = RegularRows.of("".join(f"{text}\n" for text in texts).encode(), ",", 1)
    assert rows is not None
    return Chunk(["n"], rows, range(2, 2 + len(texts)), LineIssues("t.csv"))


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


DECIMALS = (
    st.from_regex(r"[0-9]{1,22}(\.[0-9]{1,25})?", fullmatch=True)
    | st.floats(0, 1e15).map(repr)
    | st.floats(1e-4, 1e4).map(repr)
)


@given(st.lists(DECIMALS, min_size=1, max_size=8))
def test_decimals_are_what_python_reads(texts: list[str]) -> None:
    expected = [float(text) for text in texts]
    np.testing.assert_array_equal(number_column(regular_chunk_of(*texts), 0), expected)


@given(st.lists(NUMBERS | DECIMALS, min_size=1, max_size=8).filter(lambda texts: texts != [""]))
def test_rows_that_are_not_divided_have_the_same_numbers(texts: list[str]) -> None:
    divided, whole = chunk_of(["n"], *texts), regular_chunk_of(*texts)
    for read in (number_column, known_token_column):
        np.testing.assert_array_equal(read(whole, 0), read(divided, 0))
    assert whole.issues.lines() == divided.issues.lines()


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
