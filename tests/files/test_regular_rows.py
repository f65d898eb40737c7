"""Columns of rows without quotes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.regular_rows import RegularRows

TEXTS = st.text(st.sampled_from("ab01.\u00e9 -"), max_size=4)

TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(TEXTS, min_size=width, max_size=width), min_size=1, max_size=6
    ).filter(lambda rows: rows != [[""]])
)


def rows_of(rows: list[list[str]], delimiter: str, *, last_end: bool = True) -> RegularRows | None:
    """Return a table as rows."""
    text = "\n".join(delimiter.join(row) for row in rows)
    data = f"{text}\n" if last_end or not rows[-1][-1] else text
    return RegularRows.of(data.encode(), delimiter, len(rows[0]))


@given(TABLES, st.sampled_from(",\t"), st.booleans())
def test_columns_and_cells(rows: list[list[str]], delimiter: str, last_end: bool) -> None:
    found = rows_of(rows, delimiter, last_end=last_end)
    assert found is not None
    assert found.num_rows == len(rows)
    assert found.cells() == [cell for row in rows for cell in row]
    for index in range(len(rows[0])):
        assert found.column(index) == [row[index] for row in rows]


@given(st.lists(st.lists(st.integers(0, 10**20), min_size=3, max_size=3), min_size=1, max_size=6))
def test_columns_of_digits_are_json(rows: list[list[int]]) -> None:
    found = rows_of([[str(number) for number in row] for row in rows], ";")
    assert found is not None
    for index in range(3):
        text = found.json_column(index, b"0123456789")
        assert text is not None
        assert json.loads(text) == [row[index] for row in rows]


def test_other_letters_are_not_taken_for_json() -> None:
    found = rows_of([["1", "true"], ["2", "3"]], ",")
    assert found is not None
    assert found.json_column(0, b"0123456789") == b"[1,2]"
    assert found.json_column(1, b"0123456789") is None


def test_rows_of_other_lengths_are_not_regular() -> None:
    for data in (
        b"",
        b"\n",
        b"1,2\n3\n",
        b"1,2,3\n4\n",
        b"1\n2,3,4\n",
        b"1,2\n\n3,4\n",
        b"1,2\n\n",
    ):
        assert RegularRows.of(data, ",", 2) is None


def test_more_columns_than_a_byte_can_tell_apart() -> None:
    row = [str(number) for number in range(300)]
    found = rows_of([row, row[::-1]], ",")
    assert found is not None
    assert found.column(299) == ["299", "0"]
    assert found.json_column(0, b"0123456789") is None
