from __future__ import annotations

import csv
import gc
import gzip
import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.errors import InputError
from alpaplan.files import text_blocks
from alpaplan.files.csv_table import CsvTable
from alpaplan.files.line_issues import LineIssues

Rows = list[tuple[int, list[str]]]


def rows_of(path: Path, **options: Any) -> Rows:
    """Return the rows of a table with their lines; nothing may be wrong with it."""
    issues = LineIssues(path)
    table = CsvTable(path, issues, **options)
    rows = [
        (line, cells)
        for chunk in table.chunks()
        for line, cells in zip(chunk.lines, chunk.rows(), strict=True)
    ]
    issues.raise_any()
    return rows


def wrong(path: Path, **options: Any) -> list[str]:
    """Return what is wrong with a table, without its path."""
    with pytest.raises(InputError) as caught:
        rows_of(path, **options)
    return [line.removeprefix(f"{path}:") for line in caught.value.lines]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that each example of a property test writes to again."""
    return tmp_path_factory.mktemp("scratch")


CELLS = st.text(st.sampled_from('ab1é ,;"\n\r'), max_size=6)


@settings(max_examples=200)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12),
    delimiter=st.sampled_from([",", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    last_end=st.booleans(),
    mark=st.booleans(),
    packed=st.booleans(),
    block_bytes=st.integers(1, 60),
)
def test_what_the_csv_module_writes_is_read(
    scratch: Path,
    rows: list[tuple[str, str, str]],
    delimiter: str,
    line_end: str,
    last_end: bool,
    mark: bool,
    packed: bool,
    block_bytes: int,
) -> None:
    stream = io.StringIO()
    # Before Python 3.13 the module leaves other line ends than its own without quotes.
    odd = any(end in cell for row in rows for cell in row for end in "\r\n")
    writer = csv.writer(
        stream,
        delimiter=delimiter,
        lineterminator=line_end,
        quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL,
    )
    writer.writerow("xyz")
    expected = []
    for row in rows:
        line = len(stream.getvalue().encode().splitlines()) + 1
        expected.append((line, list(row)))
        writer.writerow(row)
    text = stream.getvalue() if last_end else stream.getvalue().removesuffix(line_end)
    data = text.encode("utf-8-sig" if mark else "utf-8")
    path = scratch / ("t.csv.gz" if packed else "t.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_blocks, "BLOCK_BYTES", block_bytes)
        assert rows_of(path, delimiter=delimiter) == expected


def test_the_bytes_are_hashed_and_counted_as_they_lie_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 200_000))
    heard: list[int] = []
    table = CsvTable(path, LineIssues(path), advance=heard.append)
    assert sum(len(chunk.lines) for chunk in table.chunks()) == 200_000
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(heard) == path.stat().st_size


BLANK = "\n a,b\n\n1,2\n \t\n,\n\n"


def test_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(BLANK)
    table = CsvTable(path, LineIssues(path))
    assert (table.header_line, table.header) == (2, [" a", "b"])
    # A row of empty cells is for those to judge who know what they mean.
    assert rows_of(path) == [(4, ["1", "2"]), (6, ["", ""])]


def test_blank_lines_are_wrong_above_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(BLANK)
    assert CsvTable(path, LineIssues(path), skip_blank=False).header == []
    path.write_text("a,b\n1,2\n\n3,4\n" + "\n" * 30 + "5,6\n\n\r\n")
    found = wrong(path, skip_blank=False)
    assert found[:2] == [
        "3: must have 2 columns, found an empty line",
        "5: must have 2 columns, found an empty line",
    ]
    assert found[-1] == " and 11 more"
    path.write_text("a,b\n1,2\n\n\r\n")
    assert rows_of(path, skip_blank=False) == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("1\n1,2\n1,2,3\n", ["2: must have 2 columns, found 1", "4: must have 2 columns, found 3"]),
        ('1,2\n1,"2\n3,4\n', ["3: not valid CSV: unexpected end of data"]),
        ("1,2\n3," + "x" * 200_000, ["3: not valid CSV: field larger than field limit (131072)"]),
        (
            "1,2\n1,2\n1," + "x" * 2_000_000,
            ["4: must have lines of at most 1,048,576 bytes, found a longer one"],
        ),
    ],
)
def test_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, messages: list[str]
) -> None:
    monkeypatch.setattr(text_blocks, "MAX_LINE_BYTES", 1 << 20)
    path = tmp_path / "t.csv"
    path.write_text(f"a,b\n{text}")
    assert wrong(path) == messages


def test_damage_comes_after_what_is_wrong_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 8)
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1\n" + b"1,2\n" * 9 + b"1,\xff\n")
    assert wrong(path) == [
        "2: must have 2 columns, found 1",
        "12: must be UTF-8 text, found byte 0xff",
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r"])
@pytest.mark.parametrize("first", ["m\t1", '"m"\t1'])
def test_a_first_line_that_is_a_row(tmp_path: Path, line_end: str, first: str) -> None:
    path = tmp_path / "t.tsv"
    options: dict[str, Any] = {"delimiter": "\t", "usual_header": ("name", "number")}
    path.write_bytes(line_end.join([first, "n\t2"]).encode())
    assert rows_of(path, **options) == [(1, ["m", "1"]), (2, ["n", "2"])]
    path.write_bytes(line_end.join(["number\tname", "1\tm"]).encode())
    assert rows_of(path, **options) == [(2, ["1", "m"])]
    assert CsvTable(path, LineIssues(path), **options).header == ["number", "name"]


def test_too_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 100))
    assert len(rows_of(path, max_bytes=404)) == 100
    assert wrong(path, max_bytes=403) == [" must be at most 403 bytes, found more"]


def test_a_table_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\na,b\n\n")
    table = CsvTable(path, LineIssues(path))
    assert list(table.chunks()) == []
    with pytest.raises(InputError, match="2: must have at least one row, found only the header"):
        table.require_rows()


@pytest.mark.parametrize("part", ["file", "reader"])
def test_files_that_are_left_in_the_middle_are_closed_quietly(tmp_path: Path, part: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    file = text_blocks._HeardFile(path, lambda _: None)
    left = file if part == "file" else text_blocks._Reader(file, 8)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del file, left
        gc.collect()
    assert caught == []
