"""Compiled code that was kept is used only if it is as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from alpaplan.simulator.kernels.kept_code import KeptCode

CODE = bytes(range(256)) * 40

OTHERS = ["other.kernel-7.py311.1.nbc", "test_kept_code.other_kernel-9.py311.1.nbc"]
"""Code of a kernel of the same name in another file, and of another one in the same file."""


def kernel() -> None:
    """Stand for a kernel."""


def from_file(path: Path) -> Callable[[], None]:
    """Return the kernel that a file defines, as one of this module."""
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    return cast("Callable[[], None]", namespace["kernel"])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return an index and two files of code, sealed, beside those of another kernel."""
    names = (f"test_kept_code.kernel-7.py311.{ending}" for ending in ("nbi", "1.nbc", "2.nbc"))
    made = [tmp_path / name for name in names]
    for path in made:
        path.write_bytes(CODE)
    for name in OTHERS:
        (tmp_path / name).write_bytes(CODE)
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
    assert sorted(path.name for path in files[0].parent.iterdir()) == OTHERS


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


def test_code_of_other_sources_is_thrown_away(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "own.py").write_text("def kernel() -> None: ...")
    (sources / "helpers.py").write_text("ONE = 1")
    kept = KeptCode(tmp_path, from_file(sources / "own.py"))
    code = tmp_path / f"{__name__.rpartition('.')[2]}.kernel-1.py311.1.nbc"
    code.write_bytes(CODE)
    kept.seal()
    kept.require_whole()
    assert code.exists()
    (sources / "helpers.py").write_text("ONE = 2")
    kept.require_whole()
    assert not code.exists()


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    kept = KeptCode(tmp_path / "gone", kernel)
    kept.require_whole()
    kept.seal()
    assert not (tmp_path / "gone").exists()
