"""What the environment sets of libraries, which know nothing of this program's messages."""

from __future__ import annotations

import os
import re
import traceback
from pathlib import Path

from alpaplan.errors import AlpaplanError

_COMPILER = ("numba", "llvmlite")
_COMPILER_FILE = ".numba_config.yaml"
"""Read by numba in the working folder."""

_FEATURES = re.compile(r"([+-][^,\s]+)?(,[+-][^,\s]+)*")
"""What LLVM takes for a processor's features; anything else ends the process."""


def prepare_libraries() -> None:
    """Set what is not set, and refuse what would end the process, before libraries are loaded.

    Raises
    ------
    AlpaplanError
        If a variable that numba reads is one of the latter.
    """
    # Nothing here multiplies matrices that would be worth a thread, and where threads are limited
    # OpenBLAS complains on stderr and sends the signal of Ctrl-C.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # To look for plugins it would read the names of all packages that are installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    features = os.environ.get("NUMBA_CPU_FEATURES", "")
    if not _FEATURES.fullmatch(features):
        raise AlpaplanError(
            "NUMBA_CPU_FEATURES must be a list such as '+avx2,-avx512f', "
            f"found {features!r}; correct it, or unset it"
        )


def compiler_trouble(error: Exception) -> str | None:
    """Return what to say of an error that numba's settings may be the cause of.

    Parameters
    ----------
    error
        Any error.

    Returns
    -------
    None if it did not come from numba, or nothing is set.
    """
    modules = (
        str(frame.f_globals.get("__name__", "")).split(".")[0]
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )
    found = [
        f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("NUMBA_")
    ]
    if Path(_COMPILER_FILE).exists():
        found.append(_COMPILER_FILE)
    if not found or not any(module in _COMPILER for module in modules):
        return None
    what = str(error).strip().split("\n", maxsplit=1)[0]
    return f"numba cannot be used with these settings: {', '.join(found)} ({what})"
