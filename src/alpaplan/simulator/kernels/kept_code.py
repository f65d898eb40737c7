"""Compiled code that numba keeps between runs, and what tells whether it is still whole.

Numba runs what it reads. Code that a full disk, a killed run or a lost block has damaged may raise
any error, end the process, or compute something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_ENDINGS = (".nbi", ".nbc")
"""Of numba's index of a function and of its code."""


class KeptCode:
    """The files of one kernel, and beside them their checksum, and that of the kernels' sources.

    Parameters
    ----------
    folder
        Where numba keeps the kernel's code.
    kernel
        The function that is compiled.
    """

    def __init__(self, folder: Path, kernel: Callable[..., Any]) -> None:
        self._folder = folder
        # Two files may have kernels of one name.
        module = kernel.__module__.rpartition(".")[2]
        self._pattern = f"{module}.{kernel.__qualname__}-*"
        self._sources = Path(kernel.__code__.co_filename).parent
        self._checksum_path = folder / f"{kernel.__module__}.{kernel.__qualname__}.sha256"

    def require_whole(self) -> None:
        """Throw the files away unless they are as they were sealed; another run may do it, too."""
        with suppress(OSError):
            if self._checksum_path.read_text(encoding="ascii", errors="replace") == self._sum():
                return
        self.throw_away()

    def throw_away(self) -> None:
        """Remove all files that can be removed."""
        for path in (*self._files(), self._checksum_path):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def seal(self) -> None:
        """Note the checksum of the files as they are; without it they are of no use later."""
        with suppress(OSError):
            self._checksum_path.write_text(self._sum(), encoding="ascii")

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob(self._pattern) if path.suffix in _ENDINGS)

    def _sum(self) -> str:
        digest = hashlib.sha256()
        # Numba compares the kernel's own file alone, and a kernel is made of others here too.
        for path in (*sorted(self._sources.glob("*.py")), *sorted(self._files())):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()
