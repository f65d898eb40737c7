"""When windows of time start, from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.files.window_starts import read_starts


def test_starts_are_times_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_text("0\n\n6h  # morning\n72000\n")
    assert read_starts(path) == (0.0, 21600.0, 72000.0)


def test_everything_wrong_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_text("1h\nnoon\n30min\n")
    with pytest.raises(InputError) as caught:
        read_starts(path)
    first, second, third = caught.value.lines
    assert first == f"{path}:1: the first window must start at 0, found 1h"
    assert second.startswith(f"{path}:2: ")
    assert third == f"{path}:3: must be later than the start before, 3600 s, found 30min"


def test_there_must_be_a_window(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_text("# none\n")
    with pytest.raises(InputError, match="found none"):
        read_starts(path)
