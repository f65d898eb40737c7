"""What is varied: inputs with one number of them changed, and all else as in the documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.what_if import with_rates
from alpaplan.problem.build import build_problem
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.cluster import MAX_DEVICES, NodePool, NodeRange
from alpaplan.specs.cv_scaling import cv_limits, factors_of_cv, with_cv_scaled
from alpaplan.specs.lengths import TokenObjectives
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.sampling import expected_rate_rps

Nodes = Mapping[str, int]
"""Pool -> how many nodes it has; a pool without any is left out of the cluster."""

MAX_FACTOR = 64.0
"""How far factors are searched from what is stated (a factor; 16 to 1,000), up and down."""


@dataclass(frozen=True)
class FactorAxis:
    """A factor on what the documents state.

    Parameters
    ----------
    name
        How commands call it.
    what
        What is multiplied, in words.
    larger_is_harder
        Whether attainment falls as the factor grows; else as it shrinks.
    vary
        Returns the inputs under a factor.
    limits
        Returns the smallest and largest factor that can be searched.
    """

    name: str
    what: str
    larger_is_harder: bool
    vary: Callable[[Inputs, float], Inputs]
    limits: Callable[[Inputs], tuple[float, float]]


def nodes_of(inputs: Inputs) -> dict[str, int]:
    """Return pool -> its number of nodes, of a range the most."""
    return {pool.name: pool.num_nodes for pool in inputs.cluster.node_pools}


def node_range(pool: NodePool) -> tuple[int, int | None]:
    """Return the fewest and the most nodes that a pool may have; None: as many as it takes."""
    if isinstance(pool.count, NodeRange):
        return pool.count.min, pool.count.max
    return 0, None


def pool_to_size(inputs: Inputs, name: str | None) -> NodePool:
    """Return the pool whose nodes are counted.

    Raises
    ------
    AlpaplanError
        If there is no such pool, or none is named and there are several.
    """
    pools = {pool.name: pool for pool in inputs.cluster.node_pools}
    if name is None and len(pools) == 1:
        return next(iter(pools.values()))
    known = ", ".join(pools)
    if name is None:
        raise AlpaplanError(f"the cluster has several node pools ({known}): name one with --pool")
    if name not in pools:
        hint = did_you_mean(name, pools)
        raise AlpaplanError(f"--pool must be one of the cluster's ({known}), found {name!r}{hint}")
    return pools[name]


def most_nodes(inputs: Inputs, pool: NodePool) -> int:
    """Return how many nodes a pool may have at most, within what a cluster may have."""
    others = sum(each.num_devices for each in inputs.cluster.node_pools if each is not pool)
    largest = (MAX_DEVICES - others) // pool.devices_per_node
    stated = node_range(pool)[1]
    return min(largest, int(MAX_FACTOR) * pool.num_nodes) if stated is None else stated


def with_nodes(inputs: Inputs, nodes: Nodes) -> Inputs:
    """Return the inputs with other numbers of nodes; pools that are not named keep theirs.

    Objectives that are multiples of a latency stay as long as they are on the whole cluster.
    """
    pools = tuple(
        pool.model_copy(update={"count": nodes.get(pool.name, pool.num_nodes)})
        for pool in inputs.cluster.node_pools
        if nodes.get(pool.name, pool.num_nodes) > 0
    )
    if not pools:
        raise ValueError("a cluster must have a node")
    cluster = inputs.cluster.model_copy(update={"node_pools": pools})
    return _with_models(replace(inputs, cluster=cluster), _fixed_objectives(inputs, 1.0))


def unscaled_models(inputs: Inputs) -> tuple[str, ...]:
    """Return the models none of whose arrivals have a CV that can be scaled."""
    return tuple(m.name for m in inputs.workload.models if not cv_limits(m.arrivals))


def stated_cv(inputs: Inputs) -> float:
    """Return the mean CV of processes that have one, weighted by their models' rates."""
    cvs = [[cv for cv, _, _ in cv_limits(model.arrivals)] for model in inputs.workload.models]
    rates = np.nan_to_num(expected_rate_rps(inputs.workload.models))
    pairs = [(rate, sum(cv) / len(cv)) for rate, cv in zip(rates.tolist(), cvs, strict=True) if cv]
    total = sum(rate for rate, _ in pairs)
    return sum(rate * cv for rate, cv in pairs) / total if total else math.nan


def _with_cv(inputs: Inputs, factor: float) -> Inputs:
    models = tuple(
        replace(
            model, arrivals=with_cv_scaled(model.arrivals, factor), stated=model.stated or model
        )
        for model in inputs.workload.models
    )
    return replace(inputs, workload=replace(inputs.workload, models=models))


def _with_objectives(inputs: Inputs, factor: float) -> Inputs:
    return _with_models(inputs, _fixed_objectives(inputs, factor))


def _fixed_objectives(inputs: Inputs, factor: float) -> tuple[ServedModel, ...]:
    """Return the models with objectives in seconds, each multiplied."""
    models = []
    slo_s = inputs.problem.slo_s.tolist()
    for model, whole_s in zip(inputs.workload.models, slo_s, strict=True):
        stated_s = model.slo_s if model.is_llm else whole_s
        models.append(
            replace(
                model,
                slo_s=None if stated_s is None else stated_s * factor,
                slo_scale=None,
                slo=None if model.slo is None else _scaled(model.slo, factor),
                stated=model.stated or model,
            )
        )
    return tuple(models)


def _scaled(slo: TokenObjectives, factor: float) -> TokenObjectives:
    parts = {"ttft_s": slo.ttft_s, "tpot_s": slo.tpot_s}
    scaled = {name: None if s is None else s * factor for name, s in parts.items()}
    return slo.model_copy(update=scaled)


def _with_models(inputs: Inputs, models: tuple[ServedModel, ...]) -> Inputs:
    spec, profiles = inputs.workload.spec, inputs.profiles
    problem = build_problem(inputs.cluster, spec, profiles, models=models)
    return replace(inputs, workload=replace(inputs.workload, models=models), problem=problem)


def _any_factor(_inputs: Inputs) -> tuple[float, float]:
    return 1 / MAX_FACTOR, MAX_FACTOR


def _cv_factors(inputs: Inputs) -> tuple[float, float]:
    limits = [factors_of_cv(model.arrivals) for model in inputs.workload.models]
    smallest, largest = _any_factor(inputs)
    return (
        max(smallest, *(low for low, _ in limits)),
        min(largest, *(high for _, high in limits)),
    )


FACTOR_AXES: Mapping[str, FactorAxis] = {
    axis.name: axis
    for axis in (
        FactorAxis("rate", "all rates", True, with_rates, _any_factor),
        FactorAxis("cv", "every CV", True, _with_cv, _cv_factors),
        FactorAxis("slo", "every objective", False, _with_objectives, _any_factor),
    )
}
"""Name -> axis."""


def is_scale_free(inputs: Inputs) -> bool:
    """Whether twice the rate is the same as half the time: no states or windows have a length.

    Recordings are, as time runs faster in them.
    """
    timed = ("mmpp", "piecewise")
    kinds = {m.arrivals.process for m in inputs.workload.models}
    is_mixed = len({isinstance(m.arrivals, TraceArrivals) for m in inputs.workload.models}) > 1
    return not is_mixed and not kinds & set(timed)
