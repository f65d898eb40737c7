"""Fixtures of the importers' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.importers.imports import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file of lines into a folder of the test."""

    def write_lines(name: str, *lines: str) -> str:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)

    return write_lines
