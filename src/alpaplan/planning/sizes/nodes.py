"""The fewest nodes of one pool that keep the target."""

from __future__ import annotations

from dataclasses import dataclass, field

from alpaplan.planning.sizes.axes import most_nodes, node_range
from alpaplan.planning.sizes.measure import Runs
from alpaplan.planning.sizes.results import AxisLimit, SizePoint
from alpaplan.planning.sizes.steps import Variation, measure_nodes
from alpaplan.planning.sizes.study import Study
from alpaplan.planning.tasks import Chain, Task
from alpaplan.simulator.intervals import Interval
from alpaplan.specs.cluster import NodePool
from alpaplan.specs.plan import PlanSpec

MORE_FOR_INTERVAL = 3
"""Numbers of nodes that are planned besides to find each end of the interval (a count; 0 to 10)."""

Mix = tuple[int, ...]
"""Number of nodes of each pool that is counted."""


@dataclass
class Mixes:
    """What numbers of nodes attain, planned as they are asked for.

    Parameters
    ----------
    study, method
        What is sized, and how it is planned.
    pools
        The pools that are counted.
    """

    study: Study
    method: str
    pools: tuple[NodePool, ...]
    tried: dict[Mix, tuple[PlanSpec, Runs] | None] = field(default_factory=dict, init=False)
    reasons: list[str] = field(default_factory=list, init=False)

    def attains(self, mix: Mix) -> Chain[bool]:
        """Plan for a mix; whether its plan attains the target."""
        if mix not in self.tried:
            self.tried[mix] = yield from self._measured(mix)
        found = self.tried[mix]
        return found is not None and found[1].slo_attainment >= self.study.target

    def _measured(self, mix: Mix) -> Chain[tuple[PlanSpec, Runs] | None]:
        nodes = self.nodes_of(mix)
        if not sum(nodes.values()) and len(self.pools) == len(self.study.inputs.cluster.node_pools):
            return None
        changed = tuple(
            (pool.name, count)
            for pool, count in zip(self.pools, mix, strict=True)
            if count != pool.num_nodes
        )
        words = " + ".join(f"{count} {name}" for name, count in nodes.items())
        what = f"{words} by {self.method}"
        varied = Variation(nodes=changed)
        plan = yield from self.study.plan(varied, self.method, self.reasons, what)
        if plan is None:
            return None
        inputs, seed = self.study.movable, self.study.settings.seed
        key = f"measure {self.method} {mix}"
        (runs,) = yield (Task(key, measure_nodes, (inputs, seed, nodes, plan)),)
        return plan, runs

    def nodes_of(self, mix: Mix) -> dict[str, int]:
        """Return pool -> number of nodes."""
        return {pool.name: count for pool, count in zip(self.pools, mix, strict=True)}

    def best(self, mix: Mix) -> tuple[PlanSpec, Runs] | None:
        """Return the best that was found for a mix or for a part of it, whose plan fits too."""
        found = [
            each
            for other, each in self.tried.items()
            if each is not None and all(a <= b for a, b in zip(other, mix, strict=True))
        ]
        return max(found, key=lambda each: each[1].slo_attainment, default=None)

    def point(self, mix: Mix, value: float) -> SizePoint:
        """Return what is known of a mix."""
        best = self.best(mix)
        nodes = self.nodes_of(mix)
        if best is None:
            return SizePoint(value, None, None, nodes)
        return SizePoint(value, best[1].slo_attainment, best[0], nodes)


def node_limit(study: Study, pool: NodePool, method: str) -> Chain[AxisLimit]:
    """Find the fewest nodes of a pool with which a method keeps the target."""
    mixes = Mixes(study, method, (pool,))
    fewest, _ = node_range(pool)
    most = most_nodes(study.inputs, pool)
    is_alone = len(study.inputs.cluster.node_pools) == 1
    fewest = max(fewest, 1 if is_alone else 0)
    limit = yield from _fewest(mixes, fewest, most, min(pool.num_nodes, most))
    interval = None
    if limit is not None:
        interval = yield from _interval(mixes, limit, fewest, most)
    points = tuple(mixes.point(mix, float(mix[0])) for mix in sorted(mixes.tried))
    best = None if limit is None else mixes.best((limit,))
    reason = None
    if limit is None:
        reason = f"{study.target:.6g} is not reached with up to {most:,} nodes of {pool.name}"
        reason += f"; {mixes.reasons[-1]}" if mixes.reasons else ""
    return AxisLimit(
        axis="nodes",
        method=method,
        limit=limit,
        interval_95=interval,
        attainment=None if best is None else best[1].slo_attainment,
        stated=pool.num_nodes if isinstance(pool.count, int) else None,
        plan=None if best is None else best[0],
        plans_tried=len(mixes.tried),
        points=points,
        reason=reason,
        nodes=None if limit is None else mixes.nodes_of((limit,)),
    )


def _fewest(mixes: Mixes, fewest: int, most: int, start: int) -> Chain[int | None]:
    """Find the smallest number that attains: outward from `start`, then between two numbers."""
    enough: int | None = None
    lacking = fewest - 1
    number = start
    while enough is None:
        if (yield from mixes.attains((number,))):
            enough = number
        elif number == most:
            return None
        else:
            lacking = number
            number = min(2 * number, most)
    while enough - lacking > 1:
        middle = (enough + lacking) // 2
        if (yield from mixes.attains((middle,))):
            enough = middle
        else:
            lacking = middle
    return enough


def _interval(mixes: Mixes, limit: int, fewest: int, most: int) -> Chain[Interval]:
    """Find the numbers whose attainment may, and whose surely does reach the target at 95%.

    The larger end is the last number that was looked at, if even that one may not.
    """
    target = mixes.study.target
    low = high = limit
    for _ in range(MORE_FOR_INTERVAL):
        best = mixes.best((high,))
        if high == most or (best is not None and best[1].interval_95[0] >= target):
            break
        high += 1
        yield from mixes.attains((high,))
    for _ in range(MORE_FOR_INTERVAL):
        if low == fewest:
            break
        yield from mixes.attains((low - 1,))
        best = mixes.best((low - 1,))
        if best is None or best[1].interval_95[1] < target:
            break
        low -= 1
    return low, high
