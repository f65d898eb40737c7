"""Compiled code that was kept is used only if it is as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alpaplan.simulator.kernels.kept_code import KeptCode

CODE = bytes(range(256)) * 40


def kernel() -> None:
    """Stand for a kernel."""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return an index and two files of code, sealed, beside those of another kernel."""
    names = (f"fixed.kernel-7.py311.{ending}" for ending in ("nbi", "1.nbc", "2.nbc"))
    made = [tmp_path / name for name in names]
    for path in made:
        path.write_bytes(CODE)
    (tmp_path / "fixed.other_kernel-9.py311.1.nbc").write_bytes(CODE)
    KeptCode(tmp_path, kernel).seal()
    return made


def test_whole_code_stays(files: list[Path]) -> None:
    KeptCode(files[0].parent, kernel).require_whole()
    assert all(path.read_bytes() == CODE for path in files)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:20],
        lambda data: b"",
        lambda data: data[:5000] + bytes(512) + data[5512:],
        lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
    ],
    ids=["cut", "emptied", "lost block", "changed bit"],
)
@pytest.mark.parametrize("which", [0, 2])
def test_damaged_code_is_thrown_away(
    files: list[Path], which: int, damage: Callable[[bytes], bytes]
) -> None:
    files[which].write_bytes(damage(CODE))
    KeptCode(files[0].parent, kernel).require_whole()
    assert [path.name for path in files[0].parent.iterdir()] == ["fixed.other_kernel-9.py311.1.nbc"]


@pytest.mark.parametrize("checksum", [None, b"", b"\xff", b"0" * 64])
def test_code_without_its_checksum_is_not_trusted(
    files: list[Path], checksum: bytes | None
) -> None:
    (path,) = files[0].parent.glob("*.sha256")
    path.unlink() if checksum is None else path.write_bytes(checksum)
    KeptCode(files[0].parent, kernel).require_whole()
    assert not any(each.exists() for each in files)


def test_a_missing_file_makes_the_others_useless(files: list[Path]) -> None:
    files[1].unlink()
    KeptCode(files[0].parent, kernel).require_whole()
    assert not any(each.exists() for each in files)


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    kept = KeptCode(tmp_path / "gone", kernel)
    kept.require_whole()
    kept.seal()
    assert not (tmp_path / "gone").exists()
