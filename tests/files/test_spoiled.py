"""Every spoiled file gives its messages, each at its line, and nothing else."""

from __future__ import annotations

import gzip
from itertools import groupby
from pathlib import Path

import pytest

from alpaplan.cli import main
from tests.cli.runner import invoke
from tests.files.spoiled_expected import EXPECTED

SPOILED = Path(__file__).parent / "spoiled"
CASES = [
    pytest.param(name, [row[1:] for row in rows], id=name)
    for name, rows in groupby(EXPECTED, key=lambda row: row[0])
]
TRACE = b"arrival_s,model\n" + b"".join(b"%d,m\n" % second for second in range(1000))


def problems_of(path: Path) -> list[str]:
    """Run `alpaplan validate` on a file that is not in order, and return its lines on stderr."""
    result = invoke(main, ["validate", str(path)])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert isinstance(result.exception, SystemExit)
    return result.stderr.splitlines()


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_spoiled_file(name: str, expected: list[tuple[int, str]]) -> None:
    path = SPOILED / name
    lines = problems_of(path)
    for line, fragment in expected:
        start = f"{path}:{line}: "
        assert any(text.startswith(start) and fragment in text for text in lines), lines
    assert len(lines) == len(expected), lines


def test_every_spoiled_file_is_expected() -> None:
    assert {path.name for path in SPOILED.iterdir()} == {row[0] for row in EXPECTED}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "latin.yaml",
            b"kind: cluster\nname: caf\xe9\n",
            ":2: must be UTF-8 text, found byte 0xe9",
        ),
        ("utf16.yaml", "kind: cluster".encode("utf-16"), ":1: must be UTF-8 text, found byte 0xff"),
        ("nul.yaml", b"kind: cluster\nname: a\0b\n", ":2: must be plain text, found character"),
        ("latin.csv", b"arrival_s,model\n1,caf\xe9\n", ":2: must be UTF-8 text"),
        ("long.csv", b"arrival_s,model\n1," + b"m" * 200_000, ":2: not valid CSV: field larger"),
        ("cut.csv.gz", gzip.compress(TRACE)[:-20], ": the compressed data ends too early"),
        ("plain.csv.gz", TRACE, ": not valid gzip"),
        ("empty.csv.gz", b"", ":1: must begin with 'arrival_s,model'"),
    ],
    # Not made of the bytes, which hold the time at which each worker packed them.
    ids=["latin", "utf-16", "nul", "latin-csv", "long-field", "cut-gzip", "no-gzip", "empty-gzip"],
)
def test_spoiled_bytes(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (line,) = problems_of(path)
    assert line.startswith(f"{path}{message}")


def test_corrupt_gzip(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(TRACE))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "corrupt.csv.gz"
    path.write_bytes(bytes(data))
    (line,) = problems_of(path)
    assert line.startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["absent.yaml", "absent.csv", "absent.csv.gz", "a/b.yaml"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert problems_of(path) == [f"{path}: no such file or directory"]


def test_folder_called_like_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "folder.csv"
    path.mkdir()
    assert problems_of(path) == [f"{path}: has no YAML files"]


def test_only_the_first_lines_of_a_wrong_trace_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("arrival_s,model\n" + "x,m\n" * 5000)
    lines = problems_of(path)
    assert len(lines) == 21
    assert lines[-1] == f"{path}: and 4,980 more"
