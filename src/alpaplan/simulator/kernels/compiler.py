"""Compiles kernels with numba, whose import takes longer than most commands.

This module is imported only if no earlier run has left code in the cache; see `code_cache`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dis import get_instructions
from types import FunctionType
from typing import Any, cast

from llvmlite import binding as llvm
from llvmlite import ir
from numba import cfunc, config, from_dtype, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from alpaplan.simulator.kernels.parameters import (
    Array,
    Fields,
    Parameter,
    parameters_of,
    returns_value,
)

_OPTIONS = {"error_model": "numpy", "_nrt": False}
"""Not `fastmath`, which may reorder additions and so change results."""

_DATA_OFFSET = object.__basicsize__
"""Offset of the data's address in an array object (bytes): in numpy's C API, whose ABI is stable,
it follows the header of all Python objects (`PyArrayObject_fields`)."""


def is_switched_off() -> bool:
    """Whether numba's settings switch compilation off."""
    return bool(cast("Any", config).DISABLE_JIT)


def object_code(kernel: Callable[..., Any], machine: llvm.TargetMachine, name: str) -> bytes:
    """Compile a kernel to an object file with a C function that takes the words of `Words`.

    Parameters
    ----------
    kernel
        The kernel. Functions that it calls have the attribute `is_inlined`.
    machine
        The target to compile for.
    name
        Name of the C function.

    Raises
    ------
    ValueError
        If the code calls parts of numba, which later runs do not load; it does so to raise errors.
    """
    entry = _compiled_entry(kernel)
    module = llvm.parse_assembly(entry.inspect_llvm())
    for function in module.functions:
        if function.name == entry.native_name:
            function.name = name
        elif not function.is_declaration:
            function.linkage = "internal"
    if _foreign_names(module):
        # With all functions inlined it is clear that none fails, and calls that report errors go.
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
    foreign = _foreign_names(module)
    if foreign:
        raise ValueError(f"{kernel.__qualname__} must be code alone, found {', '.join(foreign)}")
    return cast("bytes", machine.emit_object(module))


def _foreign_names(module: llvm.ModuleRef) -> list[str]:
    """Return the names of functions that code calls but does not define."""
    called = (each.name for each in module.functions if each.is_declaration)
    return [name for name in called if not name.startswith("llvm.")]


def _compiled_entry(kernel: Callable[..., Any]) -> Any:
    """Return the C function that takes the words, compiled by numba."""
    unpacked = _unpacking(signature(kernel))
    called = _for_numba(kernel, is_inlined=True)

    def entry(words: Any) -> Any:
        return called(*unpacked(words))

    returned = types.int64 if returns_value(kernel) else types.void
    return cast("Any", cfunc)(returned(types.CPointer(types.int64)), **_OPTIONS)(entry)


def signature(kernel: Callable[..., Any]) -> tuple[types.Type, ...]:
    """Return the numba types of a kernel's parameters."""
    return tuple(map(_numba_type, parameters_of(kernel)))


def _numba_type(parameter: Parameter) -> types.Type:
    if isinstance(parameter, Fields):
        from_types = cast("Any", types.BaseTuple.from_types)
        fields = [_numba_type(field) for field in parameter.fields]
        return cast("types.Type", from_types(fields, parameter.of))
    if isinstance(parameter, Array):
        dtype = from_dtype(parameter.dtype)
        if not parameter.has_length:
            return cast("types.Type", types.CPointer(dtype))
        return types.Array(dtype, 1, "C", readonly=parameter.read_only)
    return from_dtype(parameter)


@functools.cache
def _for_numba(function: Callable[..., Any], *, is_inlined: bool) -> Any:
    """Return a function for numba, in which the functions that it calls are compiled too."""
    seen = dict(function.__globals__)
    steps = get_instructions(function)
    for name in {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}:
        called: Any = seen.get(name)
        if hasattr(called, "is_inlined"):
            seen[name] = _for_numba(called, is_inlined=called.is_inlined)
    code = FunctionType(function.__code__, seen, function.__name__, function.__defaults__)
    code.__qualname__ = function.__qualname__
    return cast("Any", njit)(
        forceinline=is_inlined, no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS
    )(code)


def _unpacking(signature: tuple[types.Type, ...]) -> Any:
    """Return a function for numba that unpacks a kernel's arguments from the words."""

    @intrinsic
    def unpacked(_context: Any, words: types.Type) -> Any:
        return types.Tuple(signature)(words), _emit_unpacked

    return unpacked


def _emit_unpacked(context: Any, builder: ir.IRBuilder, types_: Any, values: Any) -> ir.Value:
    """Emit the code that unpacks arguments from the words."""
    (words,) = values
    index = 0

    def next_word() -> ir.Value:
        nonlocal index
        word = builder.load(cgutils.gep_inbounds(builder, words, index))
        index += 1
        return word

    def argument(of: Any) -> ir.Value:
        if isinstance(of, types.BaseTuple):
            fields = [argument(field) for field in cast("Any", of)]
            return context.make_tuple(builder, of, fields)
        if isinstance(of, types.Array):
            return array(of)
        if isinstance(of, types.CPointer):
            data = address_of_data(context.get_data_type(of.dtype))
            next_word()
            return data
        kind = context.get_value_type(of)
        if isinstance(of, types.Float):
            return builder.bitcast(next_word(), kind)
        return builder.trunc(next_word(), kind)

    def address_of_data(item: Any) -> ir.Value:
        address = builder.add(next_word(), ir.Constant(ir.IntType(64), _DATA_OFFSET))
        return builder.load(builder.inttoptr(address, item.as_pointer().as_pointer()))

    def array(of: types.Array) -> ir.Value:
        item = context.get_data_type(of.dtype)
        data = address_of_data(item)
        made = make_array(of)(context, builder)
        num_bytes = context.get_constant(types.intp, context.get_abi_sizeof(item))
        length = next_word()
        populate_array(
            made, data=data, shape=(length,), strides=(num_bytes,), itemsize=num_bytes, meminfo=None
        )
        return made._getvalue()

    return argument(types_.return_type)
