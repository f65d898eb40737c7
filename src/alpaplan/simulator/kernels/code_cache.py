"""A cache of kernels' machine code, which later runs load without the compiler.

Loaded code is executed unchecked: if a full disk, a killed run or a bad block has damaged it, it
may crash the process or give wrong results. So each file starts with a checksum, over the code and
over all that it depends on: the kernels' sources, the compiler, its settings, and the processor.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite
from llvmlite import binding as llvm

NAME = "kernel"
"""Name of the C function in the code of a kernel."""

_FOLDER_SETTING = "NUMBA_CACHE_DIR"
"""Numba's setting for the folder of the cache, which is honored here."""

_SETTINGS_FILE = Path(".numba_config.yaml")
"""Settings that numba reads from the working folder."""

_CHECKSUM_BYTES = hashlib.sha256().digest_size


def settings() -> list[str]:
    """Return all of numba's settings except the folder of the cache."""
    found = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith("NUMBA_") and name != _FOLDER_SETTING
    ]
    with suppress(OSError):
        found.append(_SETTINGS_FILE.read_text(encoding="utf-8", errors="replace"))
    return found


def target_machine() -> llvm.TargetMachine:
    """Return the target of compilation: this processor, or the one in numba's settings."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = _processor()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=name, features=features, opt=3, codemodel="jitdefault", jit=True
    )


class LoadedCode:
    """Machine code in memory, as long as this object lives.

    Parameters
    ----------
    code
        An object file with a function `NAME`.

    Attributes
    ----------
    address
        Address of the function.
    """

    def __init__(self, code: bytes) -> None:
        machine = target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(NAME))


class CachedCode:
    """The file with one kernel's machine code.

    Parameters
    ----------
    kernel
        The kernel.
    """

    def __init__(self, kernel: Callable[..., Any]) -> None:
        # Kernels in different files may have the same name.
        module = str(kernel.__module__).rpartition(".")[2]
        self._name = f"{module}.{kernel.__qualname__}-{_environment().hex()[:16]}.o"
        self._source = Path(kernel.__code__.co_filename)
        # Before compilation, during which sources may change.
        self._sources = self._checksum_of_sources()

    def read(self) -> bytes | None:
        """Read the code; None if there is none, or if it is damaged or outdated."""
        for folder in self._folders():
            with suppress(OSError):
                kept = (folder / self._name).read_bytes()
                code = kept[_CHECKSUM_BYTES:]
                if kept[:_CHECKSUM_BYTES] == self._checksum(code):
                    return code
        return None

    def write(self, code: bytes) -> None:
        """Write the code to the first folder that can be written, if any."""
        for folder in self._folders():
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / self._name).write_bytes(self._checksum(code) + code)
                return

    def _folders(self) -> Iterator[Path]:
        """Yield the folders to use, best first; none for kernels that are not in a file."""
        if not self._source.is_file():
            return
        chosen = os.environ.get(_FOLDER_SETTING)
        if chosen:
            yield Path(chosen)
            return
        yield self._source.parent / "__pycache__"
        with suppress(RuntimeError):  # the user has no home
            users = os.environ.get("XDG_CACHE_HOME")
            yield (Path(users) if users else Path.home() / ".cache") / "alpaplan"

    def _checksum(self, code: bytes) -> bytes:
        return hashlib.sha256(_environment() + self._sources + code).digest()

    def _checksum_of_sources(self) -> bytes:
        digest = hashlib.sha256()
        # A kernel may call functions in its own folder and in this one.
        for folder in sorted({self._source.parent, Path(__file__).parent}):
            for path in sorted(folder.glob("*.py")):
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.digest()


@functools.cache
def _environment() -> bytes:
    """Return a checksum of all that code depends on except the sources."""
    facts = [
        sys.implementation.cache_tag,
        str(object.__basicsize__),
        llvmlite.__version__,
        _stamp("numba"),
        llvm.get_process_triple(),
        *_processor(),
        *settings(),
    ]
    return hashlib.sha256("\n".join(facts).encode()).digest()


def _stamp(package: str) -> str:
    """Return what distinguishes versions of an installed package, without importing it."""
    found = find_spec(package)
    with suppress(OSError):
        if found is not None and found.origin is not None:
            status = Path(found.origin).stat()
            return f"{status.st_size} {status.st_mtime_ns}"
    return ""


def _processor() -> tuple[str, str]:
    """Return the name and features of the processor to compile for, as LLVM writes them."""
    name, features = os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = "" if name else llvm.get_host_cpu_features().flatten()
    return name or llvm.get_host_cpu_name(), features
