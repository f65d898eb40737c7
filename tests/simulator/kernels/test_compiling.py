"""Compiling: what a kernel's annotations mean, where code is kept, and what if it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from numba import types
from numpy.typing import NDArray

from alpaplan.simulator.kernels import batched, closed_engines, engines, pooled
from alpaplan.simulator.kernels.code_cache import CachedCode, target_machine
from alpaplan.simulator.kernels.compiler import object_code, signature
from alpaplan.simulator.kernels.compiling import (
    Entries,
    Input,
    InputEntries,
    as_input,
    called_by_kernels,
    compiled,
    in_kernel,
)
from alpaplan.simulator.kernels.table import KERNELS
from tests.simulator.cases import COMPILED

PROGRAM = """
import sys
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.kernels.compiling import compiled
kernel = compiled(fixed.earliest_finish)
print("compiled" if "numba" in sys.modules else "loaded", kernel is not fixed.earliest_finish)
"""


class Mixed(NamedTuple):
    values: NDArray[np.float64]
    read: Input[np.uint32]
    number: np.uint64


class Alike(NamedTuple):
    first: NDArray[np.int64]
    second: NDArray[np.int64]


class Nested(NamedTuple):
    alike: Alike
    is_doubled: bool


@in_kernel
def _doubled(number: float) -> float:
    return _sum(number, number)


@called_by_kernels
def _sum(left: float, right: float) -> float:
    return left + right


def kernel(mixed: Mixed, nested: Nested, factor: float, out: NDArray[np.int32]) -> None:
    """Write the product of all numbers."""
    product = mixed.values[0] * mixed.read[0] * mixed.number * nested.alike.second[0] * factor
    out[0] = _doubled(product) if nested.is_doubled else product
    out[1] = nested.alike.first.size


def is_above(values: Input[np.float64], limit: float) -> bool:
    """Whether the last value is above a limit."""
    return bool(values[-1] > limit)


def reversed_entries(count: int, read: InputEntries[np.int32], out: Entries[np.float64]) -> None:
    """Write entries in the other order."""
    for entry in range(count):
        out[entry] = read[count - 1 - entry]


def arguments() -> tuple[Mixed, Nested, float, NDArray[np.int32]]:
    read = np.array([3], dtype=np.uint32)
    read.setflags(write=False)
    mixed = Mixed(np.array([2.0]), read, np.uint64(5))
    return mixed, Nested(Alike(np.zeros(4, np.int64), np.array([7])), True), 11.0, np.zeros(2, "i4")


def run(program: str, **environment: str) -> str:
    others = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**others, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_annotations_are_the_signature() -> None:
    mixed, nested, factor, out = cast("Any", signature(kernel))
    assert mixed.types == (
        types.float64[::1],
        types.Array(types.uint32, 1, "C", readonly=True),
        types.uint64,
    )
    assert mixed.fields == Mixed._fields
    assert mixed.instance_class is Mixed
    alike, is_doubled = nested.types
    assert (alike.dtype, alike.count) == (types.int64[::1], 2)
    assert is_doubled == types.boolean
    assert (factor, out) == (types.float64, types.int32[::1])


def test_a_compiled_kernel_does_what_the_plain_one_does() -> None:
    expected, found = arguments(), arguments()
    kernel(*expected)
    compiled(kernel)(*found)
    assert found[-1].tolist() == expected[-1].tolist() == [2 * 2 * 3 * 5 * 7 * 11, 4]
    assert compiled(kernel) is compiled(kernel)


def test_entries_are_taken_without_a_length() -> None:
    out = np.zeros(4)
    compiled(reversed_entries)(3, as_input(np.array([5, 6, 7]), np.int32), out)
    assert out.tolist() == [7, 6, 5, 0]
    _, read, written = cast("Any", signature(reversed_entries))
    pointer = cast("Any", types).CPointer
    assert (read, written) == (pointer(types.int32), pointer(types.float64))


@pytest.mark.skipif(not COMPILED, reason="numba is switched off")
def test_entries_that_are_written_are_not_read_only() -> None:
    with pytest.raises(TypeError, match="must have an array of float64"):
        compiled(reversed_entries)(1, np.zeros(1, np.int32), as_input(np.zeros(1), np.float64))


@pytest.mark.parametrize("limit", [1.0, 3.0])
def test_a_kernel_may_return_a_number(limit: float) -> None:
    assert bool(compiled(is_above)(np.array([5.0, 2.0]), limit)) is (limit < 2)


@pytest.mark.skipif(not COMPILED, reason="numba is switched off")
@pytest.mark.parametrize(
    "out",
    [
        np.zeros(1, dtype=np.int64),
        np.zeros(4, dtype=np.int32)[::2],
        np.zeros((2, 1), dtype=np.int32),
        np.broadcast_to(np.int32(0), 2),
        np.zeros(9, dtype=np.int8)[1:].view(np.int32),
    ],
    ids=["type", "not contiguous", "two dimensions", "read only", "not aligned"],
)
def test_a_compiled_kernel_takes_no_other_arrays(out: NDArray[Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        compiled(kernel)(*arguments()[:-1], out)


@pytest.mark.skipif(not COMPILED, reason="numba is switched off")
def test_a_compiled_kernel_takes_no_fewer_values() -> None:
    with pytest.raises(TypeError, match="must have 8 values, found 7"):
        cast("Any", compiled(kernel))(*arguments()[:-1])


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="numba is switched off")
@pytest.mark.parametrize(
    "loop",
    [
        *KERNELS.values(),
        batched.plan_waiting,
        closed_engines.closed_loop,
        engines.open_loop,
        pooled.dropped_work,
    ],
    ids=lambda loop: f"{loop.__module__.rpartition('.')[2]}.{loop.__name__}",
)
def test_the_code_of_every_kernel_can_be_kept(loop: Any) -> None:
    compiled(loop)
    assert CachedCode(loop).read() is not None


def raising(values: NDArray[np.float64]) -> None:
    """Raise an error, as no kernel does."""
    if values[0] > 0:
        raise ValueError("positive")


@pytest.mark.skipif(not COMPILED, reason="numba is switched off")
def test_a_kernel_must_not_raise() -> None:
    with pytest.raises(ValueError, match="raising must be code alone, found"):
        object_code(raising, target_machine(), "kernel")


@pytest.mark.slow
def test_compiled_code_is_kept_for_later_runs(tmp_path: Path) -> None:
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "compiled True"
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "loaded True"


@pytest.mark.slow
def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "compiled True"
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        path.write_bytes(path.read_bytes()[:20])
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "compiled True"
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "loaded True"


@pytest.mark.slow
def test_a_disk_without_room_only_costs_the_next_compilation(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    assert run(limit + PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "compiled True"


def test_no_folder_to_keep_code_in() -> None:
    # Code without a file has nowhere to be kept beside.
    code = "def set_first(values: NDArray[np.float64]) -> None:\n    values[0] = 1.0\n"
    namespace: dict[str, Any] = {"NDArray": NDArray, "np": np}
    exec(code, namespace)
    values = np.zeros(2)
    compiled(namespace["set_first"])(values)
    assert values.tolist() == [1.0, 0.0]
