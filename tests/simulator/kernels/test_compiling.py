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

from alpaplan.simulator.kernels.compiling import Input, compiled, signature

PROGRAM = """
import sys
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.kernels.compiling import compiled
kernel = compiled(fixed.earliest_finish)
hits = sum(kernel.stats.cache_hits.values())
print(hits, bool(kernel.signatures))
"""


class Mixed(NamedTuple):
    values: NDArray[np.float64]
    read: Input[np.uint32]
    number: np.uint64


class Alike(NamedTuple):
    first: NDArray[np.int64]
    second: NDArray[np.int64]


def kernel(mixed: Mixed, alike: Alike, factor: float, out: NDArray[np.int32]) -> None:
    """Write the product of all numbers."""
    out[0] = mixed.values[0] * mixed.read[0] * mixed.number * alike.second[0] * factor


def run(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NUMBA_DISABLE_JIT": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_annotations_are_the_signature() -> None:
    mixed, alike, factor, out = cast("Any", signature(kernel))
    assert mixed.types == (
        types.float64[::1],
        types.Array(types.uint32, 1, "C", readonly=True),
        types.uint64,
    )
    assert mixed.fields == Mixed._fields
    assert mixed.instance_class is Mixed
    assert (alike.dtype, alike.count) == (types.int64[::1], 2)
    assert (factor, out) == (types.float64, types.int32[::1])


def test_a_compiled_kernel_takes_what_is_annotated_and_nothing_else() -> None:
    read = np.array([3], dtype=np.uint32)
    read.setflags(write=False)
    mixed = Mixed(np.array([2.0]), read, np.uint64(5))
    alike = Alike(np.array([0]), np.array([7]))
    out = np.zeros(1, dtype=np.int32)
    fast = compiled(kernel)
    fast(mixed, alike, 11.0, out)
    assert out[0] == 2 * 3 * 5 * 7 * 11
    assert compiled(kernel) is fast
    if fast is not kernel:
        with pytest.raises(TypeError, match="No matching definition"):
            fast(mixed._replace(values=cast("Any", read)), alike, 11.0, out)


@pytest.mark.slow
def test_compiled_code_is_kept_for_later_runs(tmp_path: Path) -> None:
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "0 True"
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "1 True"


@pytest.mark.slow
def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "0 True"
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        path.write_bytes(path.read_bytes()[:20])
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "0 True"
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "1 True"


@pytest.mark.slow
def test_a_disk_without_room_only_costs_the_next_compilation(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    assert run(limit + PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "0 True"


def test_no_folder_to_keep_code_in() -> None:
    # Code without a file has nowhere to be kept beside; numba refuses to cache it.
    code = "def set_first(values: NDArray[np.float64]) -> None:\n    values[0] = 1.0\n"
    namespace: dict[str, Any] = {"NDArray": NDArray, "np": np}
    exec(code, namespace)
    values = np.zeros(2)
    compiled(namespace["set_first"])(values)
    assert values.tolist() == [1.0, 0.0]
