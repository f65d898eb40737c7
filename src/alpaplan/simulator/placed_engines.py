"""A placement's LLM engines as the rows that the kernels walk over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.engine_service import kv_tokens
from alpaplan.problem.engines import EngineTable
from alpaplan.simulator.kernels.compiling import as_input
from alpaplan.simulator.kernels.engine_arrays import LATEST_NS, NEVER_NS, NS_PER_S, Engines


@dataclass(frozen=True)
class PlacedEngines:
    """The `R` engines of a placement, by group in plan order and there in replica order.

    Parameters
    ----------
    rows
        What the kernels take.
    model : int64[R]
        Model of each engine.
    """

    rows: Engines
    model: NDArray[np.int64]


class PlacedEnginesTable:
    """The engine of any model on any shape, to look up those of a placement.

    Parameters
    ----------
    problem
        The problem.
    table
        What its LLMs cost.
    """

    def __init__(self, problem: PlacementProblem, table: EngineTable) -> None:
        self._problem, self._table = problem, table
        self._is_llm = problem.model_is_llm
        self._model_bounds = np.arange(problem.num_models + 1)
        self._step_tokens = as_input(table.step_tokens, np.int64)
        self._step_s = as_input(table.stage_step_s.ravel(), np.float64)
        self._iteration_overhead_ns = int(whole_ns(np.array(table.iteration_overhead_s)))

    def engines_of(self, placement: Placement) -> PlacedEngines:
        """Look up the engines of a placement.

        Raises
        ------
        ValueError
            If the placement is not one of this problem's LLMs: another number of models, a
            replica that is no engine, or one on a shape that its profile does not list.
        """
        problem = self._problem
        num_groups, num_models = placement.replicas.shape
        if num_models != problem.num_models or num_groups != placement.shapes.size:
            raise ValueError(
                f"replicas must be [{placement.shapes.size} groups, {problem.num_models} models], "
                f"found {placement.replicas.shape}"
            )
        group, model = map(np.ascontiguousarray, placement.in_replica_order())
        return self.rows_of(
            placement.shapes, group, model, kv_tokens(problem, placement)[group, model]
        )

    def rows_of(
        self,
        shapes: NDArray[np.int64],
        group: NDArray[np.int64],
        model: NDArray[np.int64],
        tokens: NDArray[np.int64],
    ) -> PlacedEngines:
        """Look up engines by where they are.

        Parameters
        ----------
        shapes : int64[G]
            Shape of each group.
        group, model, tokens : int64[R], int64[R], int64[R]
            Group, ascending, and model of each engine, and what its cache holds.

        Raises
        ------
        ValueError
            If one is no engine, or on a shape that its profile does not list.
        """
        problem, table = self._problem, self._table
        shape, profile = shapes[group], problem.profile_of_model[model]
        if not (problem.supported[shape, profile] & self._is_llm[model]).all():
            raise ValueError("a replica is on a group whose shape its profile does not list")
        of_model = np.argsort(model, kind="stable")
        first_step = table.first_step[shape, profile]
        rows = Engines(
            first_of_group=group.searchsorted(np.arange(shapes.size + 1)),
            group=group,
            first_of_model=model[of_model].searchsorted(self._model_bounds),
            of_model=of_model,
            kv_tokens=np.ascontiguousarray(tokens),
            num_stages=problem.num_stages[shapes],
            slowdown=table.slowdown[shapes],
            first_step=first_step,
            last_step=first_step + table.num_steps[shape, profile] - 1,
            step_tokens=self._step_tokens,
            step_s=self._step_s,
            kv_read_s=table.stage_kv_read_s[shape, profile].ravel(),
            attention_s=table.stage_attention_s[shape, profile].ravel(),
            most_stages=table.stage_step_s.shape[1],
            max_num_batched_tokens=table.max_num_batched_tokens,
            max_num_seqs=table.max_num_seqs,
            iteration_overhead_ns=self._iteration_overhead_ns,
        )
        return PlacedEngines(rows, model)


def whole_ns(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return times in whole nanoseconds, rounded half up, and infinite ones as `NEVER_NS`.

    Times later than a simulation can represent are clipped to `LATEST_NS`.
    """
    scaled = np.floor(np.minimum(seconds * NS_PER_S + 0.5, float(LATEST_NS)))
    return np.where(np.isinf(seconds), NEVER_NS, scaled.astype(np.int64))
