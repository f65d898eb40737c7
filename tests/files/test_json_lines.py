"""Rows of JSON Lines as tables have them, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.json_lines import JsonLines
from alpaplan.files.line_issues import LineIssues


def table_of(folder: Path, text: str) -> tuple[JsonLines, LineIssues]:
    path = folder / "log.jsonl"
    path.write_text(text, encoding="utf-8")
    issues = LineIssues(path)
    return JsonLines(path, issues), issues


def test_rows(tmp_path: Path) -> None:
    text = (
        '\n{"a": 1, "b": "x", "c": [1]}\n{"b": null, "d": 5, "a": 2.50}\r\n'
        '{"a": true, "b": "\\ud800"}\n'
    )
    table, issues = table_of(tmp_path, text)
    (chunk,) = table.chunks()
    assert (table.header, list(chunk.lines)) == (["a", "b", "c"], [2, 3, 4])
    # Half of a surrogate pair is no text, and still a name of its own.
    expected = [["1", "x", ""], ["2.5", "", ""], ["True", "\\ud800", ""]]
    assert list(chunk.rows()) == expected
    assert not issues.found


@pytest.mark.parametrize("text", ["", "\n", "{}\n", '{}\n{"a": 1}\n'])
def test_nothing_to_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="must begin with an object that has keys, found none"):
        table_of(tmp_path, text)


def test_lines_that_are_no_objects(tmp_path: Path) -> None:
    table, issues = table_of(tmp_path, '{"a": 1}\n5\n{"a"\n{"a": 2}\n' + "[" * 100_000)
    (chunk,) = table.chunks()
    assert chunk.column(0) == ["1", "2"]
    number, cut, deep = issues.lines()
    assert number.endswith(":2: must be a JSON object, found 5")
    assert ":3: not valid JSON: " in cut
    assert ":5: not valid JSON: " in deep
