"""Folders of exports: what is left if one cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaplan.errors import InputError
from alpaplan.export.folder import write_export
from alpaplan.files.export_json import EXPORT_NAME
from tests.export.export_cases import group, run_export, write_case


@pytest.mark.parametrize("earlier", [False, True])
def test_a_failed_export_leaves_no_file_that_no_export_lists(tmp_path: Path, earlier: bool) -> None:
    write_case(tmp_path, [group("g0", (1, 1), [0], "fixed")])
    out = tmp_path / "out"
    if earlier:
        run_export(tmp_path, "systemd")
    before = {path for path in out.rglob("*") if path.is_file()}
    files = {"new/a": b"a", "new/b": b"b", "new": b"a folder is in the way", EXPORT_NAME: b"{}"}
    with pytest.raises(InputError):
        write_export(out, files, [])
    assert {path for path in out.rglob("*") if path.is_file()} == before
    assert out.exists() == earlier
