"""Where lines break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from alpaplan.report.layout import ColumnSize, cell_width, fitted, fold


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("p99 12.5 ms", 10, ["p99", "12.5 ms"]),
        ("13.4 GB of it", 9, ["13.4 GB", "of it"]),
        ("12 requests", 9, ["12", "requests"]),
        ("3 x (1, 16) + 1 x (2, 8)", 14, ["3 x (1, 16) +", "1 x (2, 8)"]),
        ("(intra_op, inter_op)", 11, ["(intra_op,", "inter_op)"]),
        ("llama-3.1-8b.m054", 12, ["llama-3.1-", "8b.m054"]),
        ("examples/quickstart/plan.yaml", 20, ["examples/quickstart/", "plan.yaml"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("m1 m2 llama-3.1-8b.m054 m3", 12, ["m1 m2", "llama-3.1-", "8b.m054 m3"]),
        ("one\ntwo three", 5, ["one", "two", "three"]),
        ("  add: 27 simulated, 4 better", 20, ["  add: 27 simulated,", "    4 better"]),
    ],
)
def test_lines_break_between_words(text: str, width: int, lines: list[str]) -> None:
    assert fold(text, width) == lines


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" ")),
    st.integers(2, 40),
)
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = fold(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


def test_columns_give_way_from_the_widest_on() -> None:
    sizes = {0: ColumnSize(30, 5), 1: ColumnSize(8, 8), 2: ColumnSize(20, 16)}
    assert fitted(sizes, 62) == {0: 30, 1: 8, 2: 20}
    assert fitted(sizes, 52) == {0: 20, 1: 8, 2: 20}
    assert fitted(sizes, 40) == {0: 12, 1: 8, 2: 16}
    assert fitted(sizes, 33) == {0: 5, 1: 8, 2: 16}
    assert fitted(sizes, 32) is None


def test_sizes_of_columns() -> None:
    number = ColumnSize.of("of it intra-op", ["12.5 ms", "-"], 16, is_number=True)
    assert number == ColumnSize(natural=14, least=8)
    number = ColumnSize.of("p99", ["1,234,567,890,123,456.78"], 16, is_number=True)
    assert number == ColumnSize(natural=24, least=24)
    names = ColumnSize.of("model", ["llama-3.1-8b.m054 chat", "b"], 16, is_number=False)
    assert names == ColumnSize(natural=22, least=16)
    assert ColumnSize.of("", [], 16, is_number=False) == ColumnSize(0, 0)
    assert cell_width("a\nlonger") == 6
