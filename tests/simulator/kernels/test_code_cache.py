"""Cached machine code is used only if it is intact, and compiled for what is there now."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from llvmlite import binding as llvm

from alpaplan.simulator.kernels import code_cache
from alpaplan.simulator.kernels.code_cache import CachedCode, LoadedCode, target_machine


@pytest.fixture(scope="module")
def code() -> bytes:
    """Return an object file with a kernel that returns 7."""
    module = llvm.parse_assembly("define i64 @kernel(i64* %words) {\nret i64 7\n}")
    return cast("bytes", target_machine().emit_object(module))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache; the sources are in another one."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cached"))
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "own.py").write_text("def kernel() -> None: ...")
    (tmp_path / "sources" / "helpers.py").write_text("ONE = 1")
    return tmp_path / "cached"


def kernel_of(folder: Path) -> Callable[[], None]:
    """Return the kernel that a file beside the folder defines."""
    path = folder.parent / "sources" / "own.py"
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    return cast("Callable[[], None]", namespace["kernel"])


def run(code: bytes | None) -> int | None:
    if code is None:
        return None
    loaded = LoadedCode(code)
    return int(ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_char_p)(loaded.address)(b""))


def test_cached_code_is_loaded(folder: Path, code: bytes) -> None:
    cached = CachedCode(kernel_of(folder))
    assert run(cached.read()) is None
    cached.write(code)
    assert [path.parent for path in folder.rglob("*.o")] == [folder]
    assert run(CachedCode(kernel_of(folder)).read()) == 7


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:20],
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: bytes(len(data)),
        lambda data: data[:200] + bytes(100) + data[300:],
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
        lambda data: bytes([data[0] ^ 1]) + data[1:],
    ],
    ids=["cut", "cut by one", "emptied", "zeros", "lost block", "changed bit", "other checksum"],
)
def test_damaged_code_is_not_loaded_and_replaced(
    folder: Path, code: bytes, damage: Callable[[bytes], bytes]
) -> None:
    cached = CachedCode(kernel_of(folder))
    cached.write(code)
    (path,) = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert cached.read() is None
    cached.write(code)
    assert run(cached.read()) == 7


def test_code_of_other_sources_is_not_loaded(folder: Path, code: bytes) -> None:
    cached = CachedCode(kernel_of(folder))
    cached.write(code)
    (folder.parent / "sources" / "helpers.py").write_text("ONE = 2")
    assert CachedCode(kernel_of(folder)).read() is None


def test_code_is_cached_under_the_sources_it_was_compiled_from(folder: Path, code: bytes) -> None:
    cached = CachedCode(kernel_of(folder))
    (folder.parent / "sources" / "helpers.py").write_text("ONE = 2")
    cached.write(code)
    assert CachedCode(kernel_of(folder)).read() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("NUMBA_OPT", "1"), ("NUMBA_CPU_NAME", "generic"), ("NUMBA_CPU_FEATURES", "-avx")],
)
def test_code_of_other_settings_is_not_loaded(
    name: str, value: str, folder: Path, code: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    CachedCode(kernel_of(folder)).write(code)
    code_cache._environment.cache_clear()
    monkeypatch.setenv(name, value)
    try:
        assert CachedCode(kernel_of(folder)).read() is None
    finally:
        code_cache._environment.cache_clear()


def test_the_cache_is_in_the_first_folder_that_can_be_written(
    folder: Path, code: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    cached = CachedCode(kernel_of(folder))
    cached.write(code)
    beside = folder.parent / "sources" / "__pycache__"
    (path,) = beside.iterdir()
    path.unlink()
    beside.rmdir()
    beside.write_text("no folder can be made here")
    cached.write(code)
    assert [path.parent for path in folder.rglob("*.o")] == [folder / "alpaplan"]
    assert run(cached.read()) == 7


def test_a_folder_that_cannot_be_made_is_no_trouble(folder: Path, code: bytes) -> None:
    folder.write_text("a file")
    cached = CachedCode(kernel_of(folder))
    cached.write(code)
    assert cached.read() is None


def test_code_that_is_in_no_file_is_not_cached(folder: Path, code: bytes) -> None:
    kernel = kernel_of(folder)
    (folder.parent / "sources" / "own.py").unlink()
    cached = CachedCode(kernel)
    cached.write(code)
    assert cached.read() is None
    assert not folder.exists()
