"""Two deployed plans to the fleet that they make together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpaplan.errors import AlpaplanError
from alpaplan.export.diff.deployed import DeployedPlan
from alpaplan.export.diff.fleet import Engine, Fleet, Origin
from alpaplan.export.diff.matching import Device, GroupPair, devices_of, match_groups
from alpaplan.export.names import engine_name
from alpaplan.planning.inputs import Inputs
from alpaplan.problem import DevicePool, GroupShape, PlacementProblem
from alpaplan.problem.build import ProblemAxes, device_pools, problem_of_configs
from alpaplan.problem.build_engines import ProfileUse
from alpaplan.problem.memory_rule import usable_bytes_of_pools
from alpaplan.problem.transition import held_bytes, kv_caches
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.plan import GroupSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig


def build_fleet(old: DeployedPlan, new: DeployedPlan, inputs: Inputs) -> Fleet:
    """Put together what runs before, on the way and after.

    Parameters
    ----------
    old, new
        The plans.
    inputs
        What the new one is for.

    Raises
    ------
    AlpaplanError
        If an old group runs on a node that neither cluster has.
    """
    shapes, rows = _Shapes(old.cluster, new.cluster), _Rows(old, new, inputs)
    slots = list(_slots(old, new, shapes))
    placed = list(_placed_groups(slots, old, new))
    problem = _problem(rows, shapes, placed, new, inputs)
    overhead_bytes = old.cluster.serving.process_overhead_bytes
    planned = {
        Origin.OLD: replace(problem, process_overhead_bytes=overhead_bytes),
        Origin.NEW: problem,
    }
    listed = (device for part in placed for device in devices_of(part.group))
    devices = {device: number for number, device in enumerate(dict.fromkeys(listed))}
    found: dict[Origin, dict[tuple[int, str], Engine]] = {origin: {} for origin in Origin}
    for part in placed:
        for engine in _engines(part, rows, devices, problem, planned[part.origin]):
            found[part.origin][engine.slot, engine.model] = engine
    before, after = found[Origin.OLD], found[Origin.NEW]
    stay = {
        key
        for key, engine in after.items()
        if key in before and _is_same(before[key], engine, old, new)
    }
    engines = [
        *(engine for key, engine in after.items() if key in stay),
        *(engine for key, engine in before.items() if key not in stay),
        *(engine for key, engine in after.items() if key not in stay),
    ]
    first_old, first_new = len(stay), len(before)
    usable_bytes = usable_bytes_of_pools(problem)
    return Fleet(
        tuple(slot.pair for slot in slots),
        _blockers(slots),
        tuple(engines),
        tuple(range(first_old)),
        tuple(range(first_old, first_new)),
        tuple(range(first_new, len(engines))),
        tuple(devices),
        np.array([usable_bytes[shapes.pool_of(node)] for node, _ in devices], dtype=np.int64),
        problem,
        np.array([slot.run for slot in slots], dtype=np.int64),
    )


def _is_same(before: Engine, after: Engine, old: DeployedPlan, new: DeployedPlan) -> bool:
    """Whether two replicas of one model on matching groups are one engine."""
    model = before.model
    return (
        old.profiles[model].sha256 == new.profiles[model].sha256
        and before.replica.stages == after.replica.stages
        and before.kv_tokens == after.kv_tokens
    )


class _Shapes:
    """Group shapes in the pools of both clusters, those of the new one first."""

    def __init__(self, old: ClusterSpec, new: ClusterSpec) -> None:
        new_pools, old_pools = device_pools(new), device_pools(old)
        self.pools: tuple[DevicePool, ...] = (*new_pools, *old_pools)
        self._in_new = _pools_of_nodes(new, 0)
        self._in_old = _pools_of_nodes(old, len(new_pools))
        self.index: dict[tuple[GroupShape, str], int] = {}

    def pool_of(self, node: str) -> int:
        """Return the pool that a node is in: of the new cluster, else of the old one.

        Of a node that neither has any more, the pool may still be there under its name.
        """
        found = self._in_new.get(node, self._in_old.get(node))
        if found is not None:
            return found
        name = node.rpartition("-")[0]
        for index, pool in enumerate(self.pools):
            if pool.name == name:
                return index
        raise AlpaplanError(
            f"the old plan has node {node!r}, which is neither in its own cluster nor in the new "
            "plan's; keep the cluster that it was made for"
        )

    def pool_in_old(self, node: str) -> int:
        """Return the pool that a node was in."""
        return self._in_old[node] if node in self._in_old else self.pool_of(node)

    def of(self, group: GroupSpec, pool: int) -> int:
        """Return the number of a group's shape in a pool."""
        key = (GroupShape(pool, group.intra_op, group.inter_op), group.device)
        return self.index.setdefault(key, len(self.index))


def _pools_of_nodes(cluster: ClusterSpec, first: int) -> dict[str, int]:
    return {
        pool.node_name(node): first + index
        for index, pool in enumerate(cluster.node_pools)
        for node in range(pool.num_nodes)
    }


@dataclass(frozen=True)
class _Slot:
    """A group of either plan with its shapes: where it runs, and where the old plan had it."""

    number: int
    pair: GroupPair
    run: int
    in_old: int


def _slots(old: DeployedPlan, new: DeployedPlan, shapes: _Shapes) -> Iterator[_Slot]:
    for number, pair in enumerate(match_groups(old.plan.groups, new.plan.groups)):
        if pair.new is not None:
            group = new.plan.groups[pair.new]
        elif pair.old is not None:
            group = old.plan.groups[pair.old]
        node = group.devices[0].node
        run = shapes.of(group, shapes.pool_of(node))
        yield _Slot(number, pair, run, shapes.of(group, shapes.pool_in_old(node)))


class _Rows:
    """Profiles of the problem: a row for each model of the new workload, then for the old plan's.

    One model may have two profiles, and be of two kinds.
    """

    def __init__(self, old: DeployedPlan, new: DeployedPlan, inputs: Inputs) -> None:
        models = inputs.workload.models
        self.uses = [ProfileUse.of(model) for model in models]
        self.profiles = [inputs.profiles[model.profile] for model in models]
        self._row = {(Origin.NEW, model.name): row for row, model in enumerate(models)}
        for name, profile in old.profiles.items():
            self._row[Origin.OLD, name] = len(self.uses)
            self.profiles.append(profile.spec)
            self.uses.append(_use_of(profile.spec))

    def of(self, origin: Origin, model: str) -> int:
        """Return the row of a model's replicas in one plan."""
        return self._row[origin, model]


def _use_of(profile: ModelProfileSpec) -> ProfileUse:
    """Return a profile's use where all that counts is what its replicas hold and how fast."""
    return ProfileUse(profile.name, max_context_tokens=1 if profile.is_llm else None)


def _problem(
    rows: _Rows,
    shapes: _Shapes,
    placed: Sequence[_PlacedGroup],
    new: DeployedPlan,
    inputs: Inputs,
) -> PlacementProblem:
    """Return what replicas cost where they are, as the new cluster serves."""
    configs: dict[tuple[int, int], ProfiledConfig | EngineConfig] = {}
    for part in placed:
        group = part.group
        for replica in group.replicas:
            row = rows.of(part.origin, replica.model)
            config = rows.profiles[row].find_config(group.device, group.intra_op, group.inter_op)
            if config is not None:
                configs[part.slot.run, row] = configs[part.slot.in_old, row] = config
    routing = new.plan.routing
    axes = ProblemAxes(
        shapes.pools,
        tuple(shape for shape, _ in shapes.index),
        tuple(rows.uses),
        inputs.workload.models,
        np.arange(inputs.problem.num_models),
        inputs.problem.slo_s,
    )
    problem = problem_of_configs(new.cluster.serving, axes, configs)
    return problem if routing is None else replace(problem, dispatch=routing.dispatch)


@dataclass(frozen=True)
class _PlacedGroup:
    """A group of one plan, in its slot."""

    origin: Origin
    number: int
    slot: _Slot
    group: GroupSpec


def _placed_groups(
    slots: Sequence[_Slot], old: DeployedPlan, new: DeployedPlan
) -> Iterator[_PlacedGroup]:
    for slot in slots:
        for origin, number, deployed in (
            (Origin.OLD, slot.pair.old, old),
            (Origin.NEW, slot.pair.new, new),
        ):
            if number is not None:
                yield _PlacedGroup(origin, number, slot, deployed.plan.groups[number])


def _engines(
    part: _PlacedGroup,
    rows: _Rows,
    devices: Mapping[Device, int],
    problem: PlacementProblem,
    planned: PlacementProblem,
) -> Iterator[Engine]:
    """Yield the replicas of a group with what they hold.

    Parameters
    ----------
    part
        The group.
    rows, devices
        Numbers of profiles and devices.
    problem
        As the new cluster serves.
    planned
        As the cluster serves that the group was planned for: engines were given their KV caches
        there.
    """
    group, slot = part.group, part.slot
    if not group.replicas:
        return
    profiles = np.array([rows.of(part.origin, replica.model) for replica in group.replicas])
    caps = np.array([replica.max_batch_size or 0 for replica in group.replicas], dtype=np.int64)
    fractions = np.array([replica.kv_fraction or 0.0 for replica in group.replicas])
    kv_bytes, kv_tokens = None, np.zeros(profiles.size, dtype=np.int64)
    if planned.engines is not None and planned.engines.is_llm[profiles].all():
        shape = slot.run if part.origin is Origin.NEW else slot.in_old
        kv_bytes, kv_tokens = kv_caches(planned, planned.engines, shape, profiles, fractions)
    held = held_bytes(problem, slot.run, profiles, caps, kv_bytes)
    numbers = np.array([devices[device] for device in devices_of(group)], dtype=np.int64)
    for position, replica in enumerate(group.replicas):
        weights, kept, in_turn = (
            np.repeat(of_stage[position], group.intra_op) for of_stage in held
        )
        yield Engine(
            part.origin,
            part.number,
            slot.number,
            position,
            replica,
            engine_name(group, replica.model),
            int(profiles[position]),
            numbers,
            weights,
            kept,
            in_turn,
            int(kv_tokens[position]),
        )


def _blockers(slots: Sequence[_Slot]) -> tuple[frozenset[int], ...]:
    """Return the slots that share a device with each one."""
    slot_of_old = {slot.pair.old: slot.number for slot in slots if slot.pair.old is not None}
    found: list[set[int]] = [set() for _ in slots]
    for slot in slots:
        for old in slot.pair.overlaps:
            found[slot.number].add(slot_of_old[old])
            found[slot_of_old[old]].add(slot.number)
    return tuple(map(frozenset, found))
