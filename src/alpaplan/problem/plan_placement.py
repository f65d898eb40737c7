"""A plan document to the placement that it describes."""

from __future__ import annotations

import numpy as np

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import GroupShape, PlacementProblem
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import PlanSpec


def placement_of_plan(problem: PlacementProblem, cluster: ClusterSpec, plan: PlanSpec) -> Placement:
    """Return the placement that a plan describes: its groups with replicas, in plan order.

    The plan has to be one that `alpaplan.problem.checker.check_plan` finds nothing wrong with.
    Groups without replicas are left out: they serve nothing, and their configuration may be
    one that no profile lists.
    """
    pool_of_node = {
        pool.node_name(node): index
        for index, pool in enumerate(cluster.node_pools)
        for node in range(pool.count)
    }
    shape_index = {shape: index for index, shape in enumerate(problem.shapes)}
    model_index = {name: index for index, name in enumerate(problem.model_names)}
    used = [group for group in plan.groups if group.replicas]
    shapes = np.zeros(len(used), dtype=np.int64)
    replicas = np.zeros((len(used), problem.num_models), dtype=np.bool_)
    for g, group in enumerate(used):
        pool = pool_of_node[group.devices[0].node]
        shapes[g] = shape_index[GroupShape(pool, group.intra_op, group.inter_op)]
        replicas[g, [model_index[replica.model] for replica in group.replicas]] = True
    return Placement(shapes, replicas)
