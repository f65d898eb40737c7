"""Compiles kernels, and caches their machine code for later runs where that is possible.

A kernel's annotations are its signature, for mypy and for the compiler alike. Parameters are
scalars, one-dimensional arrays, or NamedTuples of these; the result is a number or None. Kernels
allocate no memory.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from alpaplan.simulator.kernels.code_cache import (
    NAME,
    CachedCode,
    LoadedCode,
    settings,
    target_machine,
)
from alpaplan.simulator.kernels.parameters import (
    Entries,
    Input,
    InputEntries,
    Words,
    as_input,
    parameters_of,
    returns_value,
)

__all__ = [
    "Entries",
    "Input",
    "InputEntries",
    "as_input",
    "called_by_kernels",
    "compiled",
    "in_kernel",
]

Function = TypeVar("Function", bound=Callable[..., Any])


def in_kernel(function: Function) -> Function:
    """Mark a function that is compiled into each kernel that calls it.

    By itself the compiler would keep the calls, each of which passes every field of all arrays.
    """
    return _marked(function, inlined=True)


def called_by_kernels(function: Function) -> Function:
    """Mark a larger function that kernels rarely call: it is compiled once, not for each call."""
    return _marked(function, inlined=False)


def _marked(function: Function, *, inlined: bool) -> Function:
    cast("Any", function).is_inlined = inlined
    return function


def compiled(kernel: Function) -> Function:
    """Return a kernel compiled for the one signature that its annotations state.

    The first time after an installation this takes seconds; later runs load the machine code. With
    ``NUMBA_DISABLE_JIT=1`` the plain Python function is returned.
    """
    return cast("Function", _compiled(kernel))


@functools.cache
def _compiled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    if settings():
        # Only numba knows what its settings mean, and whether they are valid.
        from alpaplan.simulator.kernels.compiler import is_switched_off

        if is_switched_off():
            return kernel
    cached = CachedCode(kernel)
    code = cached.read()
    if code is None:
        from alpaplan.simulator.kernels.compiler import object_code

        code = object_code(kernel, target_machine(), NAME)
        cached.write(code)
    return CompiledKernel(kernel, LoadedCode(code))


class CompiledKernel:
    """A kernel in machine code, which runs without the interpreter's lock.

    Parameters
    ----------
    kernel
        The plain function.
    code
        Its code: a C function of the words that `Words` packs.
    """

    def __init__(self, kernel: Callable[..., Any], code: LoadedCode) -> None:
        functools.update_wrapper(self, kernel)
        self._code = code
        self._words = Words(parameters_of(kernel))
        result = ctypes.c_int64 if returns_value(kernel) else None
        self._function = ctypes.CFUNCTYPE(result, ctypes.c_char_p)(code.address)

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel.

        Raises
        ------
        TypeError
            If the arguments do not match the annotations.
        """
        return self._function(self._words.pack(arguments))
