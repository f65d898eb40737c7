"""Inputs with fewer devices or smaller groups, whose plans leave devices free."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from alpaplan.planning.inputs import Inputs
from alpaplan.problem.build import build_problem
from alpaplan.problem.feasibility import unservable_models

PARTS_OF_NODES = (0.5, 0.75)
"""Parts of each node's devices that further plans for all windows have (fractions)."""

SMALL_GROUPS = (1, 2)
"""Most devices of a group in further plans for all windows (counts)."""


def on_fewer_devices(inputs: Inputs) -> Iterator[Inputs]:
    """Yield the inputs with a part of each node's devices, and with small groups alone.

    Left out are those under which some model runs nowhere. Group shapes have other numbers in their
    problems, and are all among those of the inputs.
    """
    fewer = [_with_part_of_nodes(inputs, part) for part in PARTS_OF_NODES]
    fewer += [_with_groups_up_to(inputs, limit) for limit in SMALL_GROUPS]
    for each in fewer:
        if each is not None and not len(unservable_models(each.problem)):
            yield each


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
