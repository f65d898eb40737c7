"""Integer programs for OR-Tools' CP-SAT, with reproducible solutions.

The only module that imports OR-Tools, and only when a program is solved: loading it takes most of
a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class IntegerProgram:
    """A program over integer variables with linear constraints, to be maximized.

    Constraints may be added between solves. Every run gives the same solution: there is one worker,
    a fixed seed, and a limit in CP-SAT's deterministic time, which counts work (about seconds).
    """

    def __init__(self) -> None:
        from ortools.sat.python import cp_model

        self._cp: Any = cp_model
        self._model: Any = cp_model.CpModel()
        self._variables: list[Any] = []

    def add_booleans(self, count: int) -> NDArray[np.int64]:
        """Add variables of 0 or 1; returns their indices."""
        return self._add([self._model.new_bool_var("") for _ in range(count)])

    def add_integer(self, low: int, high: int) -> int:
        """Add a variable between two bounds, both included; returns its index."""
        return int(self._add([self._model.new_int_var(low, high, "")])[0])

    def constrain(
        self, indices: Sequence[int] | NDArray[np.int64], coefficients: ArrayLike, at_most: int
    ) -> None:
        """Bound a weighted sum of variables from above."""
        self._model.add(self._sum(indices, coefficients) <= at_most)

    def choose_one(self, indices: Sequence[int] | NDArray[np.int64]) -> None:
        """Make exactly one of some booleans 1."""
        self._model.add_exactly_one([self._variables[i] for i in indices])

    def maximize(self, indices: Sequence[int] | NDArray[np.int64], coefficients: ArrayLike) -> None:
        """Set the weighted sum of variables to be maximized."""
        self._model.maximize(self._sum(indices, coefficients))

    def hint(self, values: NDArray[np.int64]) -> None:
        """Propose a solution to start from, a value for each variable."""
        self._model.clear_hints()
        for variable, value in zip(self._variables, values.tolist(), strict=True):
            self._model.add_hint(variable, value)

    def solve(self, deterministic_limit: float) -> NDArray[np.int64] | None:
        """Return the best solution found within the limit, or None if there was none.

        Parameters
        ----------
        deterministic_limit
            Limit in CP-SAT's deterministic seconds.
        """
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.max_deterministic_time = deterministic_limit
        # Otherwise CP-SAT handles Ctrl-C, and then restores the default, which kills at once.
        solver.parameters.catch_sigint_signal = False
        status = solver.solve(self._model)
        if status not in (self._cp.OPTIMAL, self._cp.FEASIBLE):
            return None
        return np.array([solver.value(variable) for variable in self._variables], dtype=np.int64)

    def _add(self, variables: list[Any]) -> NDArray[np.int64]:
        first = len(self._variables)
        self._variables += variables
        return np.arange(first, len(self._variables), dtype=np.int64)

    def _sum(self, indices: Sequence[int] | NDArray[np.int64], coefficients: ArrayLike) -> Any:
        values = np.broadcast_to(np.asarray(coefficients, dtype=np.int64), (len(indices),))
        return self._cp.LinearExpr.weighted_sum(
            [self._variables[i] for i in indices], values.tolist()
        )
