"""A kernel's parameters, from its annotations, and how arguments are passed to compiled code.

Compiled code takes one block of 8-byte words, in the order of the parameters and their fields: for
an array the address of the array object and its length, for a scalar its value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

Input = Annotated[NDArray[Scalar], "read only"]
"""An array that a kernel only reads."""

Entries = Annotated[NDArray[Scalar], "no length"]
InputEntries = Annotated[NDArray[Scalar], "read only", "no length"]
"""Arrays of which a kernel only uses entries, neither the length nor slices: functions pass one
address instead of seven numbers, which makes for less code to compile."""


def as_input(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return an array as an `Input`: contiguous, of the type, and read-only."""
    packed = np.ascontiguousarray(array, dtype=dtype)
    if packed.flags.writeable:
        packed = packed.copy()
        packed.setflags(write=False)
    return packed


_CONTIGUOUS, _ALIGNED, _WRITEABLE = 0x1, 0x100, 0x400
"""Bits of `numpy.ndarray.flags`, as numpy's C API numbers them."""

_FORMATS = {"f": "d", "i": "q", "u": "Q", "b": "q"}
"""Kind of a numpy type -> format of a word with such a scalar, as of `struct`."""

_ARRAY_FORMAT = "Pq"


@dataclass(frozen=True)
class Array:
    """A one-dimensional array.

    Parameters
    ----------
    dtype
        Type of its entries.
    read_only
        Whether the kernel only reads it.
    has_length
        Whether the kernel may ask for its length.
    """

    dtype: np.dtype[Any]
    read_only: bool
    has_length: bool

    @property
    def flags(self) -> int:
        """Bits that the flags of an array must have."""
        return _CONTIGUOUS | _ALIGNED | (0 if self.read_only else _WRITEABLE)


@dataclass(frozen=True)
class Fields:
    """A NamedTuple.

    Parameters
    ----------
    of
        The class.
    fields
        Its fields.
    """

    of: type[tuple[Any, ...]]
    fields: tuple[Parameter, ...]


Parameter: TypeAlias = "np.dtype[Any] | Array | Fields"
"""A parameter or field; scalars are their numpy type."""


def parameters_of(kernel: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a kernel."""
    hints = get_type_hints(kernel, include_extras=True)
    hints.pop("return")
    return tuple(map(_parameter, hints.values()))


def returns_value(kernel: Callable[..., Any]) -> bool:
    """Whether a kernel returns a number, and not None."""
    return get_type_hints(kernel)["return"] is not type(None)


def _parameter(hint: Any) -> Parameter:
    if isinstance(hint, type) and issubclass(hint, tuple):
        fields = get_type_hints(hint, include_extras=True).values()
        return Fields(hint, tuple(map(_parameter, fields)))
    notes: list[Any] = []
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
    if get_origin(hint) in (np.ndarray, NDArray):
        # NDArray[scalar] stays what it is from numpy 2.5 on; it was ndarray[shape, dtype[scalar]].
        *_, dtype = get_args(hint)
        (scalar,) = get_args(dtype) or (dtype,)
        return Array(np.dtype(scalar), "read only" in notes, "no length" not in notes)
    scalar_type: np.dtype[Any] = np.dtype(hint)
    return scalar_type


class Words:
    """Packs the arguments of a kernel into the block of words that its compiled code takes.

    Parameters
    ----------
    parameters
        The kernel's parameters.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        scalars_and_arrays = list(_leaves(parameters))
        self._arrays = [
            (leaf.dtype, leaf.flags) if isinstance(leaf, Array) else None
            for leaf in scalars_and_arrays
        ]
        self._struct = struct.Struct("".join(map(_format, scalars_and_arrays)))

    def pack(self, arguments: tuple[Any, ...]) -> bytes:
        """Return the words, which are valid as long as the arguments live.

        Raises
        ------
        TypeError
            If the number of values is wrong, or an array is of another type or layout.
        """
        values: list[Any] = []
        _flatten(arguments, values)
        if len(values) != len(self._arrays):
            raise TypeError(f"a kernel must have {len(self._arrays)} values, found {len(values)}")
        words: list[Any] = []
        for value, array in zip(values, self._arrays, strict=True):
            if array is None:
                words.append(value)
                continue
            dtype, flags = array
            (size,) = value.shape
            if value.dtype != dtype or value.flags.num & flags != flags:
                raise TypeError(f"a kernel must have an array of {dtype}, found {value!r}")
            words += (id(value), size)
        return self._struct.pack(*words)


def _leaves(parameters: Iterable[Parameter]) -> Iterator[np.dtype[Any] | Array]:
    """Yield scalars and arrays, including those in NamedTuples."""
    for parameter in parameters:
        if isinstance(parameter, Fields):
            yield from _leaves(parameter.fields)
        else:
            yield parameter


def _format(leaf: np.dtype[Any] | Array) -> str:
    return _ARRAY_FORMAT if isinstance(leaf, Array) else _FORMATS[leaf.kind]


def _flatten(arguments: tuple[Any, ...], values: list[Any]) -> None:
    """Append the scalars and arrays of the arguments to `values`."""
    for argument in arguments:
        if isinstance(argument, tuple):
            _flatten(argument, values)
        else:
            values.append(argument)
