"""The cheapest mix of node pools that keeps the target, by branch and bound."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import AlpaplanError, Issue, SpecError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.sizes.axes import node_range
from alpaplan.planning.sizes.nodes import Mix, Mixes
from alpaplan.planning.sizes.results import AxisLimit
from alpaplan.planning.sizes.steps import bound_nodes
from alpaplan.planning.sizes.study import Study
from alpaplan.planning.tasks import Chain, Task
from alpaplan.simulator.intervals import Interval
from alpaplan.specs.cluster import NodePool

MOST_MIXES = 20_000
"""Most mixes of pools that are searched (a count): all pairs of them are compared."""

PIVOTS = 400
"""Mixes that are looked at for the next one to plan (a count; 100 to 1,000)."""


def require_costs(inputs: Inputs) -> None:
    """Make sure that a cluster says what its nodes cost, and that there are not too many mixes.

    Raises
    ------
    SpecError
        Naming the pools that do not.
    AlpaplanError
        If there are more than `MOST_MIXES`.
    """
    issues = [
        Issue(("node_pools", index), "must have a cost_per_hour to size by cost, found none")
        for index, pool in enumerate(inputs.cluster.node_pools)
        if pool.cost_per_hour is None
    ]
    if issues:
        raise SpecError("cluster", issues)
    total = math.prod(most - fewest + 1 for fewest, most in map(_range, inputs.cluster.node_pools))
    if total > MOST_MIXES:
        what = f"must be at most {MOST_MIXES:,} mixes of node pools, found {total:,}"
        raise AlpaplanError(f"{what}; give narrower ranges as count: {{min: ..., max: ...}}")


def cost_limit(study: Study, method: str) -> Chain[AxisLimit]:
    """Find the cheapest numbers of nodes with which a method keeps the target.

    More nodes never attain less. So a mix that falls short rules out all its parts, and one that
    suffices all dearer ones; a bound on what any placement attains rules out some without a plan.
    """
    pools = study.inputs.cluster.node_pools
    mixes = Mixes(study, method, pools)
    everything = tuple(pool.num_nodes for pool in pools)
    best: Mix | None = None
    if (yield from mixes.attains(everything)):
        best = yield from _cheapest(mixes, pools, everything)
    tried = sorted(mixes.tried, key=lambda mix: (_cost(pools, mix), mix))
    found = None if best is None else mixes.best(best)
    reason = None
    if best is None:
        reason = f"{study.target:.6g} is not reached with all nodes that the cluster may have"
        reason += f"; {mixes.reasons[-1]}" if mixes.reasons else ""
    are_stated = all(isinstance(pool.count, int) for pool in pools)
    return AxisLimit(
        axis="cost",
        method=method,
        limit=None if best is None else _cost(pools, best),
        interval_95=None if best is None else _interval(mixes, pools, tried),
        attainment=None if found is None else found[1].slo_attainment,
        stated=_cost(pools, everything) if are_stated else None,
        plan=None if found is None else found[0],
        plans_tried=len(mixes.tried),
        points=tuple(mixes.point(mix, _cost(pools, mix)) for mix in tried),
        reason=reason,
        nodes=None if best is None else mixes.nodes_of(best),
    )


def _cheapest(mixes: Mixes, pools: tuple[NodePool, ...], everything: Mix) -> Chain[Mix]:
    study = mixes.study
    ranges = [range(fewest, most + 1) for fewest, most in map(_range, pools)]
    alive = np.array(list(itertools.product(*ranges)), dtype=np.int64)
    alive = alive[alive.sum(axis=1) > 0]
    prices = np.array([pool.cost_per_hour or 0.0 for pool in pools])
    best = everything
    while True:
        alive = alive[alive @ prices < _cost(pools, best) * (1 - 1e-12)]
        if not alive.size:
            return best
        mix = _next_mix(alive, alive @ prices)
        key = f"bound {mix}"
        task = Task(key, bound_nodes, (study.movable, study.settings.seed, mixes.nodes_of(mix)))
        (bound,) = yield (task,)
        if bound >= study.target and (yield from mixes.attains(mix)):
            best = mix
        else:
            alive = alive[(alive > np.array(mix)).any(axis=1)]


def _next_mix(alive: NDArray[np.int64], costs: NDArray[np.float64]) -> Mix:
    """Return the mix that rules out most others whether it suffices or falls short."""
    order = np.argsort(costs, kind="stable")
    chosen = order[np.unique(np.linspace(0, order.size - 1, PIVOTS).astype(np.int64))]
    ruled_out = []
    for index in chosen.tolist():
        parts = int((alive <= alive[index]).all(axis=1).sum())
        dearer = int((costs >= costs[index]).sum())
        ruled_out.append(min(parts, dearer))
    return tuple(alive[chosen[int(np.argmax(ruled_out))]].tolist())


def _interval(mixes: Mixes, pools: tuple[NodePool, ...], tried: list[Mix]) -> Interval:
    """Return the costs of the cheapest mixes tried that may, and that surely do suffice at 95%."""
    target = mixes.study.target
    known = [(mix, mixes.best(mix)) for mix in tried]
    low = [mix for mix, best in known if best is not None and best[1].interval_95[1] >= target]
    high = [mix for mix, best in known if best is not None and best[1].interval_95[0] >= target]
    return _cost(pools, low[0]), _cost(pools, high[0] if high else tried[-1])


def _range(pool: NodePool) -> tuple[int, int]:
    fewest, _ = node_range(pool)
    return fewest, pool.num_nodes


def _cost(pools: tuple[NodePool, ...], mix: Mix) -> float:
    return math.fsum((pool.cost_per_hour or 0.0) * n for pool, n in zip(pools, mix, strict=True))
