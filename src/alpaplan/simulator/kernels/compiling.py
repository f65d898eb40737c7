"""Compiles kernels, and keeps the compiled code for later runs where that is possible.

A kernel's annotations are its signature, for mypy and for numba: parameters are scalars,
one-dimensional arrays, or NamedTuples of these. They allocate nothing, and are compiled without
counting references to arrays, which costs far more than the work where a kernel has many.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np
from numba import from_dtype, njit, types
from numpy.typing import NDArray

from alpaplan.simulator.kernels.kept_code import KeptCode

Function = TypeVar("Function", bound=Callable[..., Any])
Scalar = TypeVar("Scalar", bound=np.generic)

Input = Annotated[NDArray[Scalar], "read only"]
"""An array that a kernel only reads, and that is not writeable when it is handed over."""


def in_kernel(function: Function) -> Function:
    """Compile a helper function into each kernel that calls it.

    Left to itself, the compiler keeps calls, each of which hands over every field of all arrays.
    """
    compiler = cast("Any", njit)(error_model="numpy", forceinline=True, _nrt=False)
    return cast("Function", compiler(function))


def compiled(kernel: Function) -> Function:
    """Return a kernel compiled for the one signature that its annotations state.

    The first call after an installation takes a second or two, later runs load what it kept.
    With ``NUMBA_DISABLE_JIT=1`` it is the plain Python function.
    """
    return cast("Function", _compile(kernel))


@functools.cache
def _compile(kernel: Callable[..., None]) -> Callable[..., None]:
    try:
        return _load_or_compile(kernel)
    except Exception:
        # No folder can be written, the disk is full, or what was kept cannot be read after all.
        return cast("Callable[..., None]", _compiler(signature(kernel))(kernel))


def _load_or_compile(kernel: Callable[..., None]) -> Callable[..., None]:
    """Return a compiled kernel whose code is kept, and was kept by an earlier run if it is whole.

    Raises
    ------
    Exception
        Whatever numba makes of a folder that it cannot use.
    """
    dispatcher = _compiler()(kernel)
    if not hasattr(dispatcher, "enable_caching"):  # compiling is switched off
        return kernel
    dispatcher.enable_caching()
    kept = KeptCode(Path(dispatcher.stats.cache_path), kernel)
    kept.require_whole()
    dispatcher.compile(signature(kernel))
    dispatcher.disable_compile()
    if dispatcher.stats.cache_misses:
        kept.seal()
    return cast("Callable[..., None]", dispatcher)


def _compiler(*signatures: tuple[types.Type, ...]) -> Any:
    # Not fastmath: it may reorder additions, and then outcomes are not those that are defined.
    return cast("Any", njit)(*signatures, nogil=True, error_model="numpy", _nrt=False)


def signature(kernel: Callable[..., None]) -> tuple[types.Type, ...]:
    """Return the numba types of a kernel's parameters."""
    hints = get_type_hints(kernel, include_extras=True)
    hints.pop("return")
    return tuple(_numba_type(hint) for hint in hints.values())


def _numba_type(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, tuple):
        fields = get_type_hints(hint, include_extras=True).values()
        from_types = cast("Any", types.BaseTuple.from_types)
        return from_types([_numba_type(field) for field in fields], hint)
    read_only = get_origin(hint) is Annotated
    if read_only:
        hint = get_args(hint)[0]
    if get_origin(hint) in (np.ndarray, NDArray):
        # NDArray[scalar] stays what it is from numpy 2.5 on; it was ndarray[shape, dtype[scalar]].
        *_, dtype = get_args(hint)
        (scalar,) = get_args(dtype) or (dtype,)
        return types.Array(_numba_type(scalar), 1, "C", readonly=read_only)
    return from_dtype(np.dtype(hint))
