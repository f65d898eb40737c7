"""An independent check of a plan document against the documents it was made from.

It shares nothing with the search: it reads the specs themselves, device by device, so
that a mistake in the problem's arrays or in the search cannot hide here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alpaplan.errors import Issue, did_you_mean
from alpaplan.problem.memory_checker import (
    CheckedEngine,
    CheckedReplica,
    check_engines_memory,
    check_replicas_memory,
)
from alpaplan.specs.choices import Dispatch, Spread, rule_for_llms
from alpaplan.specs.cluster import ClusterSpec, NodePool, Serving
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.plan import GroupSpec, PlanSpec, ReplicaSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.schedule import ScheduleSpec
from alpaplan.specs.stages import layer_ranges
from alpaplan.specs.workload import ServedModel, WorkloadSpec


def check_plan(
    cluster: ClusterSpec,
    workload: WorkloadSpec,
    profiles: Mapping[str, ModelProfileSpec],
    plan: PlanSpec,
) -> list[Issue]:
    """Return everything that keeps a plan from running as written, in document order.

    Checked are: nodes and devices exist, have the group's device type and belong to one group
    only; a group has ``intra_op * inter_op`` devices inside one node or whole nodes of one
    pool; replicas are of models in the workload whose profile lists the group's configuration;
    where both a replica and its profile say which layers each stage runs, they say the same;
    a group holds LLMs or fixed-service models, and replicas have limits of their kind only;
    on every device, weights of all replicas plus the largest activation of any of them, at any
    batch size that it may have, stay within the usable memory; where replicas are processes of
    their own, as engines are, what all of them hold, and the KV caches have room for the longest
    context; models have the replicas that the workload requires; the dispatch rule is one that LLMs
    can have, if there are any.

    Parameters
    ----------
    cluster, workload, profiles
        The documents; `profiles` by name.
    plan
        The plan to check.
    """
    check = _GroupCheck.of(cluster, workload, profiles)
    return [*check.issues_of(plan.groups), *_check_routing(plan, check.models.values())]


def check_schedule(
    cluster: ClusterSpec,
    workload: WorkloadSpec,
    profiles: Mapping[str, ModelProfileSpec],
    schedule: ScheduleSpec,
) -> list[Issue]:
    """Return everything that keeps the placements of a schedule from running as written.

    Each of them has to be a plan that `check_plan` finds nothing wrong with.
    """
    check = _GroupCheck.of(cluster, workload, profiles)
    issues = [
        Issue(("placements", index, *issue.where), issue.message)
        for index, placement in enumerate(schedule.placements)
        for issue in check.issues_of(placement.groups)
    ]
    return issues + list(_check_routing(schedule, check.models.values()))


def check_own_devices(plan: PlanSpec | ScheduleSpec) -> list[Issue]:
    """Return where groups that run at the same time share a device, whatever the cluster is."""
    if isinstance(plan, PlanSpec):
        return list(_shared_devices((), plan.groups))
    return [
        issue
        for index, placement in enumerate(plan.placements)
        for issue in _shared_devices(("placements", index), placement.groups)
    ]


def _shared_devices(where: tuple[str | int, ...], groups: Sequence[GroupSpec]) -> Iterator[Issue]:
    owner: dict[tuple[str, int], str] = {}
    for index, group in enumerate(groups):
        for issue in _check_own_devices(group, owner):
            path = (*where, "groups", index, *issue.where)
            yield Issue(path, f"group {group.name!r} {issue.message}")


@dataclass(frozen=True)
class _GroupCheck:
    """Checks the groups of placements on one cluster, for one workload."""

    nodes: Mapping[str, NodePool]
    models: Mapping[str, ServedModel]
    profiles: Mapping[str, ModelProfileSpec]
    serving: Serving

    @classmethod
    def of(
        cls,
        cluster: ClusterSpec,
        workload: WorkloadSpec,
        profiles: Mapping[str, ModelProfileSpec],
    ) -> _GroupCheck:
        pools = cluster.node_pools
        nodes = {pool.node_name(index): pool for pool in pools for index in range(pool.num_nodes)}
        models = {model.name: model for model in workload.served_models()}
        return cls(nodes, models, profiles, cluster.serving)

    def issues_of(self, groups: Sequence[GroupSpec]) -> Iterator[Issue]:
        """Yield what is wrong with the groups of one placement."""
        owner: dict[tuple[str, int], str] = {}
        for index, group in enumerate(groups):
            for issue in self._issues_of_group(group, owner):
                where = ("groups", index, *issue.where)
                yield Issue(where, f"group {group.name!r} {issue.message}")
        yield from _check_required(groups, self.models.values())

    def _issues_of_group(self, group: GroupSpec, owner: dict[tuple[str, int], str]) -> list[Issue]:
        placed = [
            *_check_devices(group, self.nodes),
            *_check_own_devices(group, owner),
            *_check_size(group, self.nodes),
        ]
        replicas = list(_check_replicas(group, self.models, self.profiles))
        if not placed and not replicas:
            replicas = list(
                _check_memory(group, self.nodes, self.models, self.profiles, self.serving)
            )
        return placed + replicas


def _check_required(groups: Sequence[GroupSpec], models: Iterable[ServedModel]) -> Iterator[Issue]:
    for model in models:
        if not model.min_replicas:
            continue
        used: set[str] = set()
        found = 0
        holding = [g for g in groups if any(r.model == model.name for r in g.replicas)]
        for group in sorted(holding, key=lambda group: len(group.devices)):
            nodes = {item.node for item in group.devices}
            if model.spread is Spread.NODE and nodes & used:
                continue
            used |= nodes
            found += 1
        if found < model.min_replicas:
            where = " that share no node" if model.spread is Spread.NODE else ""
            rule = f"must hold {model.name!r} on at least {model.min_replicas} groups{where}"
            yield Issue(("groups",), f"{rule}, found {found}")


def _check_routing(plan: PlanSpec | ScheduleSpec, models: Iterable[ServedModel]) -> Iterator[Issue]:
    rule = None if plan.routing is None else plan.routing.dispatch
    if rule is Dispatch.EARLIEST_FINISH and any(model.is_llm for model in models):
        yield Issue(("routing", "dispatch"), rule_for_llms(rule))


def _check_devices(group: GroupSpec, nodes: Mapping[str, NodePool]) -> Iterator[Issue]:
    for position, item in enumerate(group.devices):
        pool = nodes.get(item.node)
        if pool is None:
            hint = did_you_mean(item.node, nodes)
            where = ("devices", position, "node")
            yield Issue(where, f"must run on nodes of the cluster, found {item.node!r}{hint}")
            continue
        if pool.device != group.device:
            yield Issue(
                ("devices", position, "node"),
                f"must run on {group.device!r} devices, found {item.node!r} with {pool.device!r}",
            )
        for place, device in enumerate(item.devices):
            there = ("devices", position, "devices", place)
            if device >= pool.devices_per_node:
                last = pool.devices_per_node - 1
                yield Issue(there, f"must use devices 0 to {last} of a node, found {device}")


def _check_own_devices(group: GroupSpec, owner: dict[tuple[str, int], str]) -> Iterator[Issue]:
    for position, item in enumerate(group.devices):
        for place, device in enumerate(item.devices):
            other = owner.setdefault((item.node, device), group.name)
            if other != group.name:
                taken = f"device {device} of {item.node} belongs to {other!r}"
                there = ("devices", position, "devices", place)
                yield Issue(there, f"must have devices of its own, but {taken}")


def _check_size(group: GroupSpec, nodes: Mapping[str, NodePool]) -> Iterator[Issue]:
    wanted = group.intra_op * group.inter_op
    found = sum(len(item.devices) for item in group.devices)
    if found != wanted:
        what = f"must have intra_op * inter_op = {wanted} devices, found {found}"
        yield Issue(("devices",), what)
    pools = [nodes[item.node] for item in group.devices if item.node in nodes]
    if len(group.devices) == 1 or len(pools) < len(group.devices):
        return
    whole = all(
        len(item.devices) == pool.devices_per_node
        for item, pool in zip(group.devices, pools, strict=True)
    )
    if len({pool.name for pool in pools}) > 1 or not whole:
        yield Issue(("devices",), "must lie inside one node or cover whole nodes of one pool")


def _check_replicas(
    group: GroupSpec, models: Mapping[str, ServedModel], profiles: Mapping[str, ModelProfileSpec]
) -> Iterator[Issue]:
    for position, replica in enumerate(group.replicas):
        where = ("replicas", position, "model")
        if replica.model not in models:
            hint = did_you_mean(replica.model, models)
            what = f"must hold models of the workload, found {replica.model!r}{hint}"
            yield Issue(where, what)
            continue
        name = models[replica.model].profile
        for key, what in _other_kind(replica, profiles[name]):
            yield Issue(("replicas", position, key), f"has a {key} that {what}")
        config = _config(group, profiles[name])
        if config is None:
            yield Issue(
                where,
                f"runs intra_op {group.intra_op}, inter_op {group.inter_op} on {group.device!r}, "
                f"which profile {name!r} of {replica.model!r} does not list",
            )
        elif _other_stages(replica, config):
            yield Issue(
                ("replicas", position, "stages"),
                f"must cut {replica.model!r} as its profile {name!r} does, into layers "
                f"{layer_ranges(config.stages)}, found {layer_ranges(replica.stages)}",
            )


def _other_kind(replica: ReplicaSpec, profile: ModelProfileSpec) -> Iterator[tuple[str, str]]:
    """Yield what a replica has that only those of the other kind of models have."""
    if replica.kv_fraction is not None and not profile.is_llm:
        yield "kv_fraction", f"is for LLMs, but {replica.model!r} is a fixed-service model"
    if replica.max_batch_size is not None and profile.is_llm:
        yield "max_batch_size", f"is for fixed-service models, but {replica.model!r} is an LLM"


def _other_stages(replica: ReplicaSpec, config: ProfiledConfig | EngineConfig) -> bool:
    """Whether a replica's stages are known, the profile's too, and they differ."""
    known = replica.stages is not None and config.stages is not None
    return known and replica.stages != config.stages


def _check_memory(
    group: GroupSpec,
    nodes: Mapping[str, NodePool],
    models: Mapping[str, ServedModel],
    profiles: Mapping[str, ModelProfileSpec],
    serving: Serving,
) -> Iterator[Issue]:
    usable = nodes[group.devices[0].node].usable_memory_bytes
    replicas, engines = list[CheckedReplica](), list[CheckedEngine]()
    for position, replica in enumerate(group.replicas):
        model = models[replica.model]
        config = _config(group, profiles[model.profile])
        if isinstance(config, EngineConfig):
            context = model.max_context_tokens or 0
            engines.append(CheckedEngine(replica, config, context, position))
        elif config is not None:
            replicas.append(CheckedReplica(replica, config))
    if replicas and engines:
        found = f"found {replicas[0].spec.model!r} beside the LLM {engines[0].spec.model!r}"
        yield Issue(("replicas",), f"must hold either LLMs or fixed-service models, {found}")
    elif engines:
        yield from check_engines_memory(engines, usable, serving)
    else:
        yield from check_replicas_memory(replicas, usable, serving)


def _config(group: GroupSpec, profile: ModelProfileSpec) -> ProfiledConfig | EngineConfig | None:
    return profile.find_config(group.device, group.intra_op, group.inter_op)
