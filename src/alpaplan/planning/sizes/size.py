"""How much traffic, how bursty, how tight, how many nodes: the limits of inputs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alpaplan.errors import AlpaplanError, AlpaplanWarning
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.located_errors import located_errors
from alpaplan.planning.plan import check_inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.axes import (
    FACTOR_AXES,
    pool_to_size,
    stated_cv,
    unscaled_models,
)
from alpaplan.planning.sizes.cost import cost_limit, require_costs
from alpaplan.planning.sizes.factors import factor_limit
from alpaplan.planning.sizes.kept import Kept
from alpaplan.planning.sizes.nodes import node_limit
from alpaplan.planning.sizes.results import AxisLimit, Sizes
from alpaplan.planning.sizes.study import Listener, Study
from alpaplan.planning.tasks import Chain, TaskRunner
from alpaplan.specs.choices import SizeAxis
from alpaplan.units import finite_or_none
from alpaplan.workload.arrival_sets import recorded_trace
from alpaplan.workload.sampling import expected_rate_rps

MAX_NAMED = 5
"""Models that a warning names (a count)."""


def size(
    inputs: Inputs,
    axes: Sequence[SizeAxis],
    methods: Sequence[str],
    settings: PlanSettings,
    target: float,
    runner: TaskRunner,
    *,
    pool: str | None = None,
    folder: Path | None = None,
    listener: Listener | None = None,
) -> Sizes:
    """Find up to where each method keeps the target along each axis.

    Parameters
    ----------
    inputs
        What to size.
    axes, methods
        What to vary, and how to plan.
    settings
        How to search; their method is not used.
    target
        SLO attainment to keep, predicted on unseen arrivals.
    runner
        Runs the tasks; the result does not depend on where.
    pool
        The node pool whose nodes are counted; None if there is only one.
    folder
        Where plans and points are kept, and taken up from; None: nowhere.
    listener
        Told how it goes on.

    Raises
    ------
    AlpaplanError
        If the inputs cannot be sized by an axis; or as of `alpaplan.planning.plan.plan`, but for
        points at which nothing can be planned.
    """
    check_inputs(inputs)
    if SizeAxis.CV in axes:
        warn_of_unscaled(inputs)
    kept = Kept(inputs, folder)
    study = Study(inputs, settings, target, kept, listener)
    chains: dict[str, Chain[AxisLimit]] = {}
    for axis in dict.fromkeys(axes):
        for method in dict.fromkeys(methods):
            kept.require_limit(axis, method)
            own = study.named(f"{axis} {method}")
            chains[own.chain] = own.heard(_chain(own, axis, method, pool))
    found = runner.run(chains)
    limits = tuple(kept.with_limit(found[name]) for name in chains)
    return Sizes(target, units_of(inputs), limits, kept.path_of)


def warn_of_unscaled(inputs: Inputs) -> None:
    """Name models whose burstiness stays.

    Raises
    ------
    AlpaplanError
        If it is all models.
    """
    models = unscaled_models(inputs)
    if len(models) == len(inputs.workload.models):
        raise AlpaplanError("no arrivals of the workload have a CV that could be scaled")
    if models:
        shown = ", ".join(models[:MAX_NAMED]) + (", ..." if len(models) > MAX_NAMED else "")
        what = f"the arrivals of {len(models):,} models have no CV to scale and stay: {shown}"
        warnings.warn(AlpaplanWarning(what), stacklevel=3)


def _chain(study: Study, axis: SizeAxis, method: str, pool: str | None) -> Chain[AxisLimit]:
    """Return what finds a limit, after a look whether it can be found."""
    if axis is SizeAxis.NODES:
        return node_limit(study, pool_to_size(study.inputs, pool), method)
    if axis is SizeAxis.COST:
        with located_errors(cluster=study.inputs.files.cluster):
            require_costs(study.inputs)
        return cost_limit(study, method)
    return factor_limit(study, FACTOR_AXES[axis], method)


def units_of(inputs: Inputs) -> dict[str, float | None]:
    """Return what the documents state: total rate, mean CV, mean objective, nodes and their cost.

    CVs and objectives are weighted by rates; what is not defined is None.
    """
    rates = np.nan_to_num(expected_rate_rps(inputs.workload.models))
    if inputs.workload.recorded:
        trace = recorded_trace(inputs.workload.models, inputs.workload.recorded)
        rates = rates + trace.requests_per_model() / trace.duration_s
    pools = inputs.cluster.node_pools
    costs = [math.nan if p.cost_per_hour is None else p.cost_per_hour * p.num_nodes for p in pools]
    total = float(rates.sum())
    return {
        "rate_rps": total,
        "cv": finite_or_none(stated_cv(inputs)),
        "slo_s": finite_or_none(float(rates @ inputs.problem.slo_s) / total if total else math.nan),
        "nodes": sum(each.num_nodes for each in pools),
        "cost_per_hour": finite_or_none(math.fsum(costs)),
    }
