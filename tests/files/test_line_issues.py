from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import InputError
from alpaplan.files.line_issues import MAX_SHOWN_LINES, FileIssues, LineIssues, Place


@given(numbers=st.lists(st.integers(1, 30), max_size=50))
def test_the_first_lines_are_shown_whatever_order_they_come_in(numbers: list[int]) -> None:
    issues = LineIssues(Path("t.csv"))
    for position, line in enumerate(numbers):
        issues.add(line, f"issue {position}")
    expected = sorted(enumerate(numbers), key=lambda pair: pair[1])
    shown = [f"t.csv:{line}: issue {k}" for k, line in expected[:MAX_SHOWN_LINES]]
    num_more = len(numbers) - MAX_SHOWN_LINES
    assert issues.lines() == shown + ([f"t.csv: and {num_more} more"] if num_more > 0 else [])
    assert issues.found == bool(numbers)


def test_unshown_ones_are_counted() -> None:
    issues = LineIssues("t.csv")
    issues.add(3, "wrong")
    issues.add_unshown(1500)
    with pytest.raises(InputError) as caught:
        issues.raise_any()
    assert caught.value.lines == ("t.csv:3: wrong", "t.csv: and 1,500 more")


def test_names_that_cannot_be_printed_are_quoted() -> None:
    issues = LineIssues("a\x1b\0b")
    issues.add(None, "is not a valid file name")
    assert issues.lines() == ["'a\\x1b\\x00b': is not a valid file name"]


def test_a_refusal_has_everything_so_far() -> None:
    issues = LineIssues("t.csv")
    issues.add(2, "wrong")
    error = issues.refusal(9, "not valid CSV")
    assert error.lines == ("t.csv:2: wrong", "t.csv:9: not valid CSV")
    assert issues.rows_unread


def test_several_files() -> None:
    issues = FileIssues()
    issues.raise_any()
    assert not issues.found
    issues.add(Place("b.csv", 7), "later")
    issues.add(Place("a.csv"), "as a whole")
    issues.of(Path("b.csv")).add(2, "earlier")
    assert issues.found
    assert not issues.rows_unread
    issues.add_unread(Place("a.csv", 1), "unread")
    assert issues.rows_unread
    with pytest.raises(InputError) as caught:
        issues.raise_any()
    assert caught.value.lines == (
        "b.csv:2: earlier",
        "b.csv:7: later",
        "a.csv: as a whole",
        "a.csv:1: unread",
    )
