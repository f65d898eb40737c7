"""An independent check of a plan document against the documents it was made from.

It shares nothing with the search: it reads the specs themselves, device by device, so
that a mistake in the problem's arrays or in the search cannot hide here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from alpaplan.errors import Issue, did_you_mean
from alpaplan.profiling.batch_sizes import stage_activation_bytes
from alpaplan.specs.cluster import ClusterSpec, NodePool
from alpaplan.specs.plan import GroupSpec, PlanSpec, ReplicaSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.stages import layer_ranges
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.units import exact_bytes


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
    on every device, weights of all replicas plus the largest activation of any of them, at any
    batch size that it may have, stay within the usable memory.

    Parameters
    ----------
    cluster, workload, profiles
        The documents; `profiles` by name.
    plan
        The plan to check.
    """
    nodes = {
        pool.node_name(index): pool for pool in cluster.node_pools for index in range(pool.count)
    }
    profile_of = {model.name: model.profile for model in workload.served_models()}
    owner: dict[tuple[str, int], str] = {}
    issues: list[Issue] = []
    for index, group in enumerate(plan.groups):
        placed = [
            *_check_devices(group, nodes, owner),
            *_check_size(group, nodes),
        ]
        replicas = list(_check_replicas(group, profile_of, profiles))
        if not placed and not replicas:
            limit = cluster.serving.max_batch_size
            replicas = list(_check_memory(group, nodes, profile_of, profiles, limit))
        issues += [
            Issue(("groups", index, *issue.where), f"group {group.name!r} {issue.message}")
            for issue in placed + replicas
        ]
    return issues


def _check_devices(
    group: GroupSpec, nodes: Mapping[str, NodePool], owner: dict[tuple[str, int], str]
) -> Iterator[Issue]:
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
            other = owner.setdefault((item.node, device), group.name)
            if other != group.name:
                taken = f"device {device} of {item.node} belongs to {other!r}"
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
    group: GroupSpec, profile_of: Mapping[str, str], profiles: Mapping[str, ModelProfileSpec]
) -> Iterator[Issue]:
    for position, replica in enumerate(group.replicas):
        where = ("replicas", position, "model")
        if replica.model not in profile_of:
            hint = did_you_mean(replica.model, profile_of)
            what = f"must hold models of the workload, found {replica.model!r}{hint}"
            yield Issue(where, what)
            continue
        name = profile_of[replica.model]
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


def _other_stages(replica: ReplicaSpec, config: ProfiledConfig) -> bool:
    """Whether a replica's stages are known, the profile's too, and they differ."""
    known = replica.stages is not None and config.stages is not None
    return known and replica.stages != config.stages


def _check_memory(
    group: GroupSpec,
    nodes: Mapping[str, NodePool],
    profile_of: Mapping[str, str],
    profiles: Mapping[str, ModelProfileSpec],
    max_batch_size: int,
) -> Iterator[Issue]:
    found = ((r, _config(group, profiles[profile_of[r.model]])) for r in group.replicas)
    configs = [(replica, config) for replica, config in found if config is not None]
    needed_bytes = _needed_bytes(configs, max_batch_size)
    needed = max(needed_bytes, default=0)
    usable = nodes[group.devices[0].node].usable_memory_bytes
    if needed > usable:
        smaller = "; smaller batches of its replicas (max_batch_size) would fit"
        alone = max(_needed_bytes(configs, 1))
        yield Issue(
            ("replicas",),
            f"needs {exact_bytes(needed)} on each device of stage {needed_bytes.index(needed)}, "
            f"but only {exact_bytes(usable)} are available{smaller if alone <= usable else ''}",
        )


def _needed_bytes(
    configs: Sequence[tuple[ReplicaSpec, ProfiledConfig]], max_batch_size: int
) -> list[int]:
    """Return what replicas need on each stage if no batch is larger than the given size."""
    weights = [config.stage_weight_bytes for _, config in configs]
    working = [
        _working_bytes(config, min(max_batch_size, replica.max_batch_size or max_batch_size))
        for replica, config in configs
    ]
    return [
        sum(stage_weights) + max(stage_working)
        for stage_weights, stage_working in zip(_by_stage(weights), _by_stage(working), strict=True)
    ]


def _working_bytes(config: ProfiledConfig, cap: int) -> list[int]:
    """Return the most working memory of each stage, at any batch size up to the cap."""
    largest = min(cap, max(config.stage_latency_s))
    # It is linear between profiled sizes, and so nowhere above what it is at their ends.
    ends = {largest, *(size for size in config.stage_latency_s if size < largest)}
    return list(map(max, _by_stage(stage_activation_bytes(config, size) for size in ends)))


def _by_stage(numbers: Iterable[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    return zip(*numbers, strict=True)


def _config(group: GroupSpec, profile: ModelProfileSpec) -> ProfiledConfig | None:
    config = profile.find_config(group.device, group.intra_op, group.inter_op)
    return config if isinstance(config, ProfiledConfig) else None
