"""A plan document as the placement that it describes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpaplan.problem import GroupShape, Placement, PlacementProblem
from alpaplan.problem.service import batch_caps
from alpaplan.specs import plan as spec
from alpaplan.specs.cluster import ClusterSpec


def placement_of_plan(
    problem: PlacementProblem, cluster: ClusterSpec, plan: spec.PlanSpec
) -> Placement:
    """Return the placement that a plan describes: its groups with replicas, in plan order.

    The plan has to be one that `alpaplan.problem.checker.check_plan` finds nothing wrong with.
    Groups without replicas are left out: they serve nothing, and their configuration may be
    one that no profile lists.
    """
    return placement_of_groups(problem, cluster, [group for group in plan.groups if group.replicas])


def placement_of_groups(
    problem: PlacementProblem, cluster: ClusterSpec, used: Sequence[spec.GroupSpec]
) -> Placement:
    """Return the placement that groups of a document describe, whose shapes some profile lists."""
    pool_of_node = {
        pool.node_name(node): index
        for index, pool in enumerate(cluster.node_pools)
        for node in range(pool.num_nodes)
    }
    shape_index = {shape: index for index, shape in enumerate(problem.shapes)}
    model_index = {name: index for index, name in enumerate(problem.model_names)}
    shapes = np.zeros(len(used), dtype=np.int64)
    replicas = np.zeros((len(used), problem.num_models), dtype=np.bool_)
    caps = np.zeros(replicas.shape, dtype=np.int64)
    fractions = np.zeros(replicas.shape)
    order = np.zeros(replicas.shape, dtype=np.int64)
    for g, group in enumerate(used):
        pool = pool_of_node[group.devices[0].node]
        shapes[g] = shape_index[GroupShape(pool, group.intra_op, group.inter_op)]
        models = [model_index[replica.model] for replica in group.replicas]
        replicas[g, models] = True
        caps[g, models] = [replica.max_batch_size or 0 for replica in group.replicas]
        fractions[g, models] = [replica.kv_fraction or 0.0 for replica in group.replicas]
        if models != sorted(models):
            order[g, models] = range(len(models))
    # A limit that changes nothing is none.
    caps[batch_caps(problem, Placement(shapes, replicas)) <= caps] = 0
    return Placement(
        shapes,
        replicas,
        max_batch_size=caps if caps.any() else None,
        kv_fraction=fractions if fractions.any() else None,
        order=order if order.any() else None,
    )
