"""Inputs with fewer devices or smaller groups, whose plans leave devices free."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.sizes.axes import nodes_of, with_nodes
from alpaplan.problem.build import build_problem
from alpaplan.problem.costs import has_costs
from alpaplan.problem.feasibility import unservable_models

PARTS_OF_NODES = (0.5, 0.75)
"""Parts of each node's devices that further plans for all windows have (fractions), and of the
nodes of each pool where these are paid for."""

SMALL_GROUPS = (1, 2)
"""Most devices of a group in further plans for all windows (counts)."""


def on_fewer_devices(inputs: Inputs) -> Iterator[Inputs]:
    """Yield the inputs with a part of each node's devices, and with small groups alone.

    Where nodes are paid for, also with a part of the nodes of each pool, and without each pool.

    Left out are those under which some model runs nowhere. Group shapes have other numbers in their
    problems, and are all among those of the inputs.
    """
    fewer = [_with_part_of_nodes(inputs, part) for part in PARTS_OF_NODES]
    fewer += [_with_groups_up_to(inputs, limit) for limit in SMALL_GROUPS]
    if has_costs(inputs.problem):
        fewer += [with_nodes(inputs, nodes) for nodes in _fewer_nodes(inputs)]
    for each in fewer:
        if each is not None and not len(unservable_models(each.problem)):
            yield each


def _fewer_nodes(inputs: Inputs) -> Iterator[dict[str, int]]:
    """Yield pool -> number of nodes: a part of all pools, or one of them left out."""
    counts = nodes_of(inputs)
    for part in PARTS_OF_NODES:
        nodes = {name: math.ceil(part * count) for name, count in counts.items()}
        if nodes != counts:
            yield nodes
    if len(counts) > 1:
        yield from (counts | {name: 0} for name in counts)


def _with_part_of_nodes(inputs: Inputs, part: float) -> Inputs | None:
    """Return the inputs with a part of each node's devices; None if that is all of them."""
    pools = tuple(
        pool.model_copy(update={"devices_per_node": math.ceil(part * pool.devices_per_node)})
        for pool in inputs.cluster.node_pools
    )
    if pools == inputs.cluster.node_pools:
        return None
    cluster = inputs.cluster.model_copy(update={"node_pools": pools})
    workload = inputs.workload
    problem = build_problem(cluster, workload.spec, inputs.profiles, models=workload.models)
    # Groups of whole nodes are none of the larger nodes.
    if not set(problem.shapes) <= set(inputs.problem.shapes):
        return None
    return replace(inputs, cluster=cluster, problem=problem)


def _with_groups_up_to(inputs: Inputs, num_devices: int) -> Inputs | None:
    """Return the inputs without larger groups; None if some model then runs nowhere."""
    profiles = {}
    for name, profile in inputs.profiles.items():
        kept = tuple(each for each in profile.configs if each.num_devices <= num_devices)
        if not kept:
            return None
        profiles[name] = profile.model_copy(update={"configs": kept})
    workload = inputs.workload
    problem = build_problem(inputs.cluster, workload.spec, profiles, models=workload.models)
    return replace(inputs, profiles=profiles, problem=problem)
