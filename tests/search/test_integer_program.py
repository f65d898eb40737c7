"""The wrapper of CP-SAT."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from alpaplan.search.integer_program import IntegerProgram
from tests.conftest import REPOSITORY


def knapsack() -> tuple[IntegerProgram, list[int]]:
    """Return a knapsack of capacity 10 whose best value is 13."""
    program = IntegerProgram()
    items = program.add_booleans(4)
    program.constrain(items, [5, 4, 6, 3], 10)
    program.maximize(items, [7, 5, 8, 4])
    return program, items.tolist()


def test_a_knapsack_is_solved_and_can_be_constrained_further() -> None:
    program, items = knapsack()
    assert np.array([7, 5, 8, 4]) @ program.solve(1.0) == 13
    program.constrain(items[2:3], 1, 0)
    assert program.solve(1.0).tolist() == [1, 1, 0, 0]  # type: ignore[union-attr]


def test_one_is_chosen_beside_a_bounded_integer() -> None:
    program = IntegerProgram()
    boolean = program.add_booleans(3)
    number = program.add_integer(-2, 7)
    program.choose_one(boolean)
    program.constrain([number, int(boolean[1])], [1, 5], 6)
    program.maximize([number, *boolean.tolist()], [1, 0, 4, 2])
    assert program.solve(1.0).tolist() == [0, 0, 1, 6]  # type: ignore[union-attr]


def test_a_program_without_a_solution_says_so() -> None:
    program, items = knapsack()
    program.constrain(items, -1, -4)
    assert program.solve(1.0) is None


def test_a_hint_is_an_answer_where_there_is_no_time() -> None:
    program, _ = knapsack()
    program.hint(np.array([0, 1, 1, 0]))
    solution = program.solve(1e-9)
    assert solution is None or np.array([5, 4, 6, 3]) @ solution <= 10


@pytest.mark.slow
def test_ctrl_c_still_reaches_python_afterwards() -> None:
    # In a process of its own: where this fails, the signal kills the process.
    program = (
        "import signal\n"
        "from tests.search.test_integer_program import knapsack\n"
        "signal.signal(signal.SIGINT, lambda *_: print('asked'))\n"
        "knapsack()[0].solve(1.0)\n"
        "signal.raise_signal(signal.SIGINT)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert (done.returncode, done.stdout) == (0, "asked\n"), done.stderr
