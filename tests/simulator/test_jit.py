"""Compiling: where the code is kept, and what happens where it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import types

from alpaplan.simulator import Simulator, _jit, _kernel
from alpaplan.simulator._jit import Kernel, compiled_kernel
from alpaplan.specs import Dispatch
from tests.simulator.cases import RULES, fates, random_case

PROGRAM = """
import sys
from pathlib import Path
from alpaplan.simulator._jit import compiled_kernel
from alpaplan.specs import Dispatch
kernel = compiled_kernel(Dispatch.EARLIEST_FINISH)
hits = sum(kernel.stats.cache_hits.values())
print(hits, bool(kernel.signatures))
"""


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


def test_compiled_code_is_kept_for_later_runs(tmp_path: Path) -> None:
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "0 True"
    assert run(PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "1 True"


def test_a_disk_without_room_only_costs_the_next_compilation(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    assert run(limit + PROGRAM, NUMBA_CACHE_DIR=str(tmp_path)) == "0 True"


def test_no_folder_to_keep_code_in() -> None:
    # Code without a file has nowhere to be kept beside; numba refuses to cache it.
    namespace: dict[str, Kernel] = {}
    exec("def set_first(values):\n    values[0] = 1.0\n", namespace)
    values = np.zeros(2)
    _jit._compile(namespace["set_first"], (types.float64[::1],))(values)
    assert values.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("rule", RULES)
def test_the_plain_python_kernel_does_the_same(
    rule: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = random_case(np.random.default_rng(4), 300).ruled_by(rule)
    simulator = Simulator(case.problem, case.trace)
    compiled = fates(simulator.replay(case.placement))
    plain = {
        Dispatch.EARLIEST_FINISH: _kernel.earliest_finish,
        Dispatch.SHORTEST_QUEUE: _kernel.shortest_queue,
    }[rule]
    monkeypatch.setattr(simulator, "_kernel", plain)
    assert fates(simulator.replay(case.placement)) == compiled
    assert compiled_kernel(rule) is compiled_kernel(rule)
