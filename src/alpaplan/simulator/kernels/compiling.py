"""Compiles kernels, and keeps the compiled code for later runs where that is possible.

A kernel's annotations are its signature, for mypy and for numba: parameters are scalars,
one-dimensional arrays, or NamedTuples of these. Numba keeps compiled code until the kernel's own
file changes, so the NamedTuples have to be declared there too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np
from numba import from_dtype, njit, types
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Scalar = TypeVar("Scalar", bound=np.generic)

Input = Annotated[NDArray[Scalar], "read only"]
"""An array that a kernel only reads, and that is not writeable when it is handed over."""


def in_kernel(function: Function) -> Function:
    """Compile a helper function into each kernel that calls it.

    Left to itself, the compiler keeps calls, each of which hands over every field of all arrays.
    """
    return cast("Function", njit(error_model="numpy", forceinline=True)(function))


def compiled(kernel: Function) -> Function:
    """Return a kernel compiled for the one signature that its annotations state.

    The first call after an installation takes a second or two, later runs load what it kept.
    With ``NUMBA_DISABLE_JIT=1`` it is the plain Python function.
    """
    return cast("Function", _compile(kernel))


@functools.cache
def _compile(kernel: Callable[..., None]) -> Callable[..., None]:
    # Not fastmath: it may reorder additions, and then outcomes are not those that are defined.
    compiler = functools.partial(njit, signature(kernel), nogil=True, error_model="numpy")
    try:
        return compiler(cache=True)(kernel)
    except (RuntimeError, OSError):
        # No folder can be written, or the disk is full: compiled code is then not kept.
        return compiler()(kernel)


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
