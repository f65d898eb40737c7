"""The tasks that sizes and sweeps are made of: functions of values, which run anywhere."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alpaplan.errors import AlpaplanWarning, InfeasibleError, InterruptedWithoutPlanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.planning.plan import plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.axes import FACTOR_AXES, Nodes, with_nodes
from alpaplan.planning.sizes.measure import (
    Boundary,
    FactorRuns,
    Runs,
    find_boundary,
    unseen_of,
)
from alpaplan.planning.tasks import Surroundings
from alpaplan.search.bounds.bound import attainment_bound
from alpaplan.simulator import Simulator
from alpaplan.simulator.intervals import Interval
from alpaplan.specs.choices import SizeAxis, StopReason
from alpaplan.specs.plan import PlanSpec


@dataclass(frozen=True)
class Variation:
    """What is not as the documents say.

    Parameters
    ----------
    axis
        Name of a factor axis; None where nodes are counted.
    factor
        On that axis.
    nodes
        Pool -> number of nodes, of pools with another one than the cluster says.
    """

    axis: str | None = None
    factor: float = 1.0
    nodes: tuple[tuple[str, int], ...] = ()

    @property
    def words(self) -> str:
        """Short and the same for the same variation: ``rate-1.13``, ``nodes-p3-4``."""
        parts = [] if self.axis is None or self.factor == 1 else [f"{self.axis}-{self.factor:.6g}"]
        parts += [f"nodes-{pool}-{count}" for pool, count in self.nodes]
        return "-".join(parts) or "stated"

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON: the axis and the value there, or pools and their nodes."""
        if self.nodes:
            return {"axis": SizeAxis.NODES, "nodes": dict(self.nodes)}
        return {"axis": self.axis, "value": self.factor}

    def of(self, inputs: Inputs) -> Inputs:
        """Return inputs with this variation."""
        varied = with_nodes(inputs, dict(self.nodes)) if self.nodes else inputs
        if self.axis is None or self.factor == 1:
            return varied
        return FACTOR_AXES[self.axis].vary(varied, self.factor)


AS_STATED = Variation()
"""Everything is as the documents say."""


@dataclass(frozen=True)
class PlanFound:
    """What planning came to.

    Parameters
    ----------
    plan
        The plan, whose provenance names no files; None if there is none.
    reason
        Why there is none.
    """

    plan: PlanSpec | None
    reason: str | None = None


def find_plan(
    inputs: Inputs, settings: PlanSettings, variation: Variation, around: Surroundings
) -> PlanFound:
    """Plan for varied inputs.

    Raises
    ------
    InterruptedWithoutPlanError
        If the result is no longer wanted.
    """
    settings = replace(settings, jobs=around.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AlpaplanWarning)  # given once, where the work is handed out
        try:
            planned = plan(variation.of(inputs), settings, stop=around.stop)
        except InfeasibleError as error:
            return PlanFound(None, " ".join(str(error).split()))
    if planned.result.stop_reason is StopReason.INTERRUPT:
        raise InterruptedWithoutPlanError("stopped before its plan was found")
    return PlanFound(planned.document)


@dataclass(frozen=True)
class Goal:
    """What plans are judged by.

    Parameters
    ----------
    seed
        Of the arrivals.
    target
        SLO attainment to keep.
    """

    seed: int
    target: float


def find_limit(
    inputs: Inputs, goal: Goal, axis: str, plan: PlanSpec, start: float, _: Surroundings
) -> Boundary:
    """Find up to which factor one plan attains the target, beginning at `start`."""
    runs = FactorRuns(inputs, axis, goal.seed)

    def holds(value: float) -> bool:
        return runs.runs(plan, value).slo_attainment >= goal.target

    return find_boundary(holds, axis, FACTOR_AXES[axis].limits(inputs), start)


def find_interval(
    inputs: Inputs, goal: Goal, axis: str, plan: PlanSpec, start: float, _: Surroundings
) -> Interval:
    """Find where the limit of a plan lies: where the interval of its attainment has the target.

    Returns
    -------
    Smallest and largest factor, cut to those that are searched.
    """
    runs = FactorRuns(inputs, axis, goal.seed)
    limits = FACTOR_AXES[axis].limits(inputs)
    easiest = limits[0 if FACTOR_AXES[axis].larger_is_harder else 1]
    ends = []
    for end in (0, 1):

        def holds(value: float, end: int = end) -> bool:
            return runs.runs(plan, value).interval_95[end] >= goal.target

        found = find_boundary(holds, axis, limits, start)
        ends.append(easiest if found.value is None else found.value)
    return min(ends), max(ends)


def measure_factors(
    inputs: Inputs,
    seed: int,
    axis: str,
    plans: Sequence[PlanSpec],
    values: Sequence[float],
    _: Surroundings,
) -> list[list[Runs]]:
    """Return what each plan attains under each factor: a list for each factor."""
    runs = FactorRuns(inputs, axis, seed)
    return [[runs.runs(plan, value) for plan in plans] for value in values]


def measure_nodes(inputs: Inputs, seed: int, nodes: Nodes, plan: PlanSpec, _: Surroundings) -> Runs:
    """Return what a plan attains on a cluster with other numbers of nodes."""
    varied = with_nodes(inputs, nodes)
    placement = placement_of_plan(varied.problem, varied.cluster, plan)
    traces = unseen_of(varied, seed)
    evaluations = [Simulator(varied.problem, trace).evaluate(placement) for trace in traces]
    return Runs.of(evaluations)


def bound_nodes(inputs: Inputs, seed: int, nodes: Nodes, _: Surroundings) -> float:
    """Return an upper bound on the SLO attainment on such a cluster; 1 where none is known."""
    varied = with_nodes(inputs, nodes)
    found = 0.0
    total = 0
    for trace in unseen_of(varied, seed):
        problem = replace(varied.problem, model_weight=np.ones(varied.problem.num_models))
        bound = attainment_bound(problem, trace).bound
        if math.isnan(bound):
            return 1.0
        found += bound * trace.num_requests
        total += trace.num_requests
    return found / max(1, total)
