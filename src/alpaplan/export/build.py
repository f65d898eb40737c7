"""A plan to what runs from it: engines with their memory and ports, groups, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from alpaplan.errors import InputError
from alpaplan.export.command_line import Process, processes
from alpaplan.export.device_use import device_uses
from alpaplan.export.engines import Engine, NodePart, RoutedGroup, Slo
from alpaplan.export.exported import Export
from alpaplan.export.fidelity import Fidelity, PlanFacts, of_engines, of_memory, of_router
from alpaplan.export.inputs import ExportInputs
from alpaplan.export.loading import blocks, kv_cache_bytes, wrong_layers, wrong_models
from alpaplan.export.names import engine_name, group_name
from alpaplan.export.options import ExportOptions
from alpaplan.export.ports import assign_ports
from alpaplan.export.targets import TARGETS
from alpaplan.export.targets.target import Target
from alpaplan.problem.processes import (
    ProcessMemory,
    processes_of_group,
    shared_without_overhead,
)
from alpaplan.specs.plan import GroupSpec
from alpaplan.specs.workload import ServedModel


def build_export(given: ExportInputs, target_name: str, options: ExportOptions) -> Export:
    """Return what an export of a plan starts, and what differs from the plan.

    Parameters
    ----------
    given
        The plan, and what is said of models and nodes.
    target_name
        What it is exported to: a name of `TARGETS`.
    options
        What was set.

    Raises
    ------
    InputError
        With a line for everything that is missing or wrong in the documents.
    AlpaplanError
        If there are too few ports.
    """
    target = TARGETS[target_name]
    exported = [group for group in given.groups if target.spans_nodes or len(group.devices) == 1]
    used = {part.node for group in exported for part in group.devices}
    nodes = tuple(node for node in given.pool_of_node if node in used)
    lines = [*wrong_models(given), *wrong_layers(given), *_missing(given, target, exported, nodes)]
    if lines:
        raise InputError(dict.fromkeys(lines))
    engines = _engines(given, target, options)
    names = {group_name(group) for group in exported}
    running = [engine for engine in engines if engine.group in names]
    parts = {engine.name: tuple(_processes(given, target, engine)) for engine in running}
    made = given.plan.spec.provenance
    return Export(
        target=target_name,
        plan_sha256=given.plan.sha256,
        plan_version=None if made is None else made.alpaplan,
        options=options,
        engines=tuple(_started(engine, parts[engine.name], target) for engine in running),
        processes=parts,
        groups=tuple(routed_group(group) for group in exported),
        dispatch=given.dispatch,
        nodes=nodes,
        node_document=given.nodes,
        devices=tuple(device_uses(given, running)),
        fidelity=tuple(_fidelity(given, target, engines)),
    )


def routed_group(group: GroupSpec) -> RoutedGroup:
    """Return a group as the router sees it."""
    models = tuple(replica.model for replica in group.replicas)
    return RoutedGroup(group_name(group), group.name, models)


def _missing(
    given: ExportInputs, target: Target, groups: Sequence[GroupSpec], nodes: Sequence[str]
) -> Iterator[str]:
    """Yield a line for each model, address and UUID that is missing."""
    if target.starts_engines:
        for model in dict.fromkeys(r.model for group in groups for r in group.replicas):
            if given.loaded(model) is None:
                yield given.models.missing(model, given.model[model].profile)
    if target.needs_addresses and len(nodes) > 1:
        yield from given.nodes.missing_addresses(nodes)
    if target.needs_uuids:
        parts = [part for group in groups for part in group.devices]
        devices = [(part.node, index) for part in parts for index in part.devices]
        yield from given.nodes.missing_uuids(devices)


def _engines(given: ExportInputs, target: Target, options: ExportOptions) -> list[Engine]:
    """Return the engines of all groups, without arguments and environment."""
    placed = [
        (g, group, i) for g, group in enumerate(given.groups) for i in range(len(group.replicas))
    ]
    names = [engine_name(group, group.replicas[i].model) for _, group, i in placed]
    over_nodes = {
        name for name, (_, group, _) in zip(names, placed, strict=True) if len(group.devices) > 1
    }
    ports = assign_ports(names, over_nodes, given.previous, options)
    caches = kv_cache_bytes(given)
    memory = [
        processes_of_group(
            given.inputs.problem,
            given.placement,
            g,
            given.pool_of_node[group.devices[0].node].device_memory_bytes,
            caches,
        )
        for g, group in enumerate(given.groups)
    ]
    return [_engine(given, target, options, group, i, memory[g], ports) for g, group, i in placed]


def _engine(
    given: ExportInputs,
    target: Target,
    options: ExportOptions,
    group: GroupSpec,
    index: int,
    memory: Mapping[int, ProcessMemory],
    ports: Mapping[str, int],
) -> Engine:
    replica = group.replicas[index]
    model, name = given.model[replica.model], engine_name(group, replica.model)
    found = given.loaded(replica.model)
    loaded = None if found is None else found[1]
    serving = given.inputs.cluster.serving
    given_length = None if loaded is None else loaded.max_model_len
    return Engine(
        name=name,
        group=group_name(group),
        model=replica.model,
        source=None if loaded is None else loaded.source,
        revision=None if loaded is None else loaded.revision,
        devices=tuple(NodePart(part.node, part.devices) for part in group.devices),
        host=target.host_of(name, given.nodes.address(group.devices[0].node), options),
        port=ports[name],
        intra_op=group.intra_op,
        inter_op=group.inter_op,
        slo=_slo(given, model),
        max_model_len=model.max_context_tokens if model.is_llm else given_length,
        layers=blocks(given, group, replica),
        memory=memory[given.number[replica.model]],
        max_num_seqs=serving.max_num_seqs if model.is_llm else None,
        max_num_batched_tokens=serving.max_num_batched_tokens if model.is_llm else None,
        after=tuple(engine_name(group, other.model) for other in group.replicas[:index]),
    )


def _slo(given: ExportInputs, model: ServedModel) -> Slo:
    if not model.is_llm:
        return Slo(slo_s=float(given.inputs.problem.slo_s[given.number[model.name]]))
    if model.slo is None:
        return Slo(slo_s=model.slo_s)
    return Slo(slo_s=model.slo_s, ttft_s=model.slo.ttft_s, tpot_s=model.slo.tpot_s)


def _processes(given: ExportInputs, target: Target, engine: Engine) -> list[Process]:
    """Return what the nodes of an engine run; nothing if nobody said what it loads."""
    found = given.loaded(engine.model)
    if found is None:
        return []
    address = given.nodes.address(engine.devices[0].node)
    return processes(engine, found[1], target.bind_to or engine.host, address)


def _started(engine: Engine, parts: Sequence[Process], target: Target) -> Engine:
    """Return an engine with the arguments and environment of its first process."""
    if not parts:
        return engine
    first = parts[0]
    env = first.env_with_devices if target.chooses_devices_by_env else first.env
    return replace(engine, args=first.args, env=env)


def _fidelity(given: ExportInputs, target: Target, engines: Sequence[Engine]) -> Iterator[Fidelity]:
    problem = given.inputs.problem
    shared = shared_without_overhead(problem, given.placement)
    facts = PlanFacts(
        engines,
        [routed_group(group) for group in given.groups],
        {name for name, model in given.model.items() if not model.is_llm},
        given.dispatch,
        list(device_uses(given, engines)),
        [group_name(given.groups[g]) for g in shared],
    )
    yield from of_router(facts)
    if target.starts_engines:
        yield from of_engines(
            facts,
            spans_nodes=target.spans_nodes,
            keeps_device_order=target.keeps_device_order,
        )
        yield from of_memory(facts)
