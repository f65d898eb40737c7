"""Specs to arrays: which group shapes there are, and what each model costs on each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import Issue, SpecError, did_you_mean
from alpaplan.problem.build_batches import batch_table
from alpaplan.problem.build_engines import (
    ProfileUse,
    as_fixed_service,
    engine_table,
    require_llms_described,
)
from alpaplan.problem.problem import DevicePool, GroupShape, PlacementProblem
from alpaplan.problem.required import RequiredReplicas
from alpaplan.problem.service import served_stages_s
from alpaplan.profiling.batch_sizes import batch_latency_s
from alpaplan.profiling.reference import smallest_config
from alpaplan.specs.cluster import ClusterSpec, Serving
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.fields import MAX_QUANTITY, MIN_QUANTITY
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.workload import ServedModel, WorkloadSpec


def build_problem(
    cluster: ClusterSpec,
    workload: WorkloadSpec,
    profiles: Mapping[str, ModelProfileSpec],
    known_profiles: Iterable[str] = (),
    models: Sequence[ServedModel] | None = None,
) -> PlacementProblem:
    """Turn validated documents into one problem of arrays.

    Parameters
    ----------
    cluster, workload
        The documents.
    profiles
        Profile name -> profile; has to hold every profile that the workload names.
    known_profiles
        More names to suggest from when one is missing.
    models
        The workload's models, where more is known of them than the document says: lengths that
        were read from traces. None for what the document says.

    Raises
    ------
    SpecError
        If the workload names a profile that is not there, entries of LLMs lack what engines need
        or others have it, the dispatch rule is not one for LLMs, or there are more batch sizes than
        fit into memory.
    """
    models = workload.served_models() if models is None else models
    _check_profiles(workload, profiles, known_profiles)
    require_llms_described(workload, profiles, cluster.serving)
    use_of_model = [ProfileUse.of(model) for model in models]
    row_of_use = {use: row for row, use in enumerate(dict.fromkeys(use_of_model))}
    uses = tuple(row_of_use)
    used = [profiles[use.profile] for use in uses]
    pools = device_pools(cluster)
    shapes = _group_shapes(pools, used)
    devices = {pool.device for pool in pools}
    problem = problem_of_configs(
        cluster.serving,
        ProblemAxes(
            pools,
            shapes,
            uses,
            tuple(models),
            profile_of_model=np.array([row_of_use[use] for use in use_of_model], dtype=np.int64),
            slo_s=np.array([resolve_slo_s(m, profiles[m.profile], devices) for m in models]),
        ),
        _listed_configs(pools, shapes, used),
    )
    return as_fixed_service(problem, uses)


@dataclass(frozen=True)
class ProblemAxes:
    """What the axes of a problem's arrays stand for; see `PlacementProblem`.

    Parameters
    ----------
    pools
        Node pools.
    shapes
        Group shapes, ``H``.
    uses
        Profiles and what requests of them are like, ``P``.
    models
        Models, ``M``.
    profile_of_model : int64[M]
        Index of each model's use.
    slo_s : float64[M]
        Latency objective of each model.
    """

    pools: tuple[DevicePool, ...]
    shapes: tuple[GroupShape, ...]
    uses: tuple[ProfileUse, ...]
    models: tuple[ServedModel, ...]
    profile_of_model: NDArray[np.int64]
    slo_s: NDArray[np.float64]


def problem_of_configs(
    serving: Serving,
    axes: ProblemAxes,
    configs: Mapping[tuple[int, int], ProfiledConfig | EngineConfig],
) -> PlacementProblem:
    """Fill the arrays of a problem from configurations.

    To searches, what it has of LLMs says nothing yet: see
    `alpaplan.problem.build_engines.as_fixed_service`.

    Parameters
    ----------
    serving
        How the backend behaves.
    axes
        What the arrays are of.
    configs
        (shape, profile) -> configuration, where the shape runs the profile.

    Raises
    ------
    SpecError
        If there are more batch sizes than fit into memory.
    """
    num_stages = np.array([shape.inter_op for shape in axes.shapes], dtype=np.int64)
    lengths = (len(axes.shapes), len(axes.uses), int(num_stages.max(initial=1)))
    supported = np.zeros(lengths[:2], dtype=np.bool_)
    latency_s = np.zeros(lengths, dtype=np.float64)
    weight_bytes = np.zeros(lengths, dtype=np.int64)
    activation_bytes = np.zeros(lengths, dtype=np.int64)
    for (h, p), config in configs.items():
        supported[h, p] = True
        weight_bytes[h, p, : config.inter_op] = config.stage_weight_bytes
    fixed = {place: item for place, item in configs.items() if isinstance(item, ProfiledConfig)}
    for (h, p), config in fixed.items():
        latency_s[h, p, : config.inter_op] = served_stages_s(
            config.stage_latency_s[1], config.inter_op, serving.stage_overhead
        )
        if config.stage_activation_bytes is not None:
            activation_bytes[h, p, : config.inter_op] = config.stage_activation_bytes[1]
    overhead_bytes = serving.process_overhead_bytes
    usable_bytes = [
        axes.pools[shape.pool].usable_memory_bytes - overhead_bytes for shape in axes.shapes
    ]
    batches = batch_table(fixed, lengths, serving, usable_bytes)
    if batches is not None:
        batched = batches.largest > 0
        last_row = (batches.first_row + batches.largest - 1)[batched]
        activation_bytes[batched] = batches.stage_activation_bytes[last_row]
    return PlacementProblem(
        model_names=tuple(model.name for model in axes.models),
        profile_names=tuple(use.profile for use in axes.uses),
        profile_of_model=axes.profile_of_model,
        slo_s=axes.slo_s,
        model_weight=np.array([model.weight for model in axes.models], dtype=np.float64),
        pools=axes.pools,
        shapes=axes.shapes,
        num_stages=num_stages,
        supported=supported,
        stage_latency_s=latency_s,
        stage_weight_bytes=weight_bytes,
        stage_activation_bytes=activation_bytes,
        dispatch=serving.dispatch,
        request_overhead_s=serving.request_overhead_s,
        process_overhead_bytes=overhead_bytes,
        load_overhead_s=serving.load_overhead_s,
        batches=batches,
        engines=engine_table(configs, num_stages, axes.uses, axes.models, serving),
        required=RequiredReplicas.of(axes.models),
    )


def device_pools(cluster: ClusterSpec) -> tuple[DevicePool, ...]:
    """Return the cluster's node pools in document order."""
    return tuple(
        DevicePool(
            name=pool.name,
            device=pool.device,
            num_nodes=pool.num_nodes,
            devices_per_node=pool.devices_per_node,
            usable_memory_bytes=pool.usable_memory_bytes,
            load_bandwidth_bytes_per_s=float(pool.load_bandwidth_bytes_per_s or math.inf),
            cost_per_hour=pool.cost_per_hour,
        )
        for pool in cluster.node_pools
    )


def resolve_slo_s(model: ServedModel, profile: ModelProfileSpec, devices: Iterable[str]) -> float:
    """Return the latency objective of a model in seconds; infinite for an LLM without one.

    ``slo_scale`` multiplies the latency at batch size 1 of the smallest configuration: the
    one of the fewest devices among the given device types (among all, if the profile has none
    of them), the faster one if there are several.

    Raises
    ------
    SpecError
        If that is more or less than a document may have.
    """
    if model.slo_s is not None:
        return model.slo_s
    if model.slo_scale is None:
        return math.inf
    here = set(devices)
    configs = profile.fixed_configs
    usable = [config for config in configs if config.device in here] or configs
    slo_s = model.slo_scale * batch_latency_s(smallest_config(usable), 1)
    if not MIN_QUANTITY <= slo_s <= MAX_QUANTITY:
        rule = f"must make an objective from {MIN_QUANTITY:g} to {MAX_QUANTITY:g} s"
        where = ("models", model.entry, "slo_scale")
        raise SpecError("workload", [Issue(where, f"{rule}, found {slo_s:g} s")])
    return slo_s


def _check_profiles(
    workload: WorkloadSpec, profiles: Mapping[str, ModelProfileSpec], known: Iterable[str]
) -> None:
    names = [*profiles, *known]
    issues = [
        Issue(
            ("models", index, "profile"),
            f"no such model profile, found {entry.profile!r}{did_you_mean(entry.profile, names)}",
        )
        for index, entry in enumerate(workload.models)
        if entry.profile not in profiles
    ]
    if issues:
        raise SpecError("workload", issues)


def _group_shapes(
    pools: tuple[DevicePool, ...], profiles: list[ModelProfileSpec]
) -> tuple[GroupShape, ...]:
    """List, for each pool, the configurations that some profile has and that it can hold."""
    shapes: dict[GroupShape, None] = {}
    for index, pool in enumerate(pools):
        pairs = sorted(
            {
                (config.num_devices, config.intra_op, config.inter_op)
                for profile in profiles
                for config in profile.configs
                if config.device == pool.device and pool.can_hold_group_of(config.num_devices)
            }
        )
        for _, intra_op, inter_op in pairs:
            shapes[GroupShape(index, intra_op, inter_op)] = None
    return tuple(shapes)


def _listed_configs(
    pools: tuple[DevicePool, ...],
    shapes: tuple[GroupShape, ...],
    profiles: list[ModelProfileSpec],
) -> dict[tuple[int, int], ProfiledConfig | EngineConfig]:
    """Return (shape, profile) -> configuration, where the profile lists the shape."""
    found = {
        (h, p): profile.find_config(pools[shape.pool].device, shape.intra_op, shape.inter_op)
        for h, shape in enumerate(shapes)
        for p, profile in enumerate(profiles)
    }
    return {place: config for place, config in found.items() if config is not None}
