"""Everything that an export is made from, looked up by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from alpaplan.export.documents import ModelDocument, NodeDocument
from alpaplan.files.document import Document
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.problem import Placement
from alpaplan.specs.choices import Dispatch
from alpaplan.specs.cluster import NodePool
from alpaplan.specs.export import LoadedModel
from alpaplan.specs.plan import GroupSpec, PlanSpec
from alpaplan.specs.workload import ServedModel


@dataclass(frozen=True)
class ExportInputs:
    """A plan, and what is known beside it.

    Parameters
    ----------
    plan, inputs
        The plan, and what it was made from; the one has to fit the other.
    models, nodes
        What engines load, and what nodes are called.
    previous
        Engine -> port, of an earlier export.
    """

    plan: Document[PlanSpec]
    inputs: Inputs
    models: ModelDocument
    nodes: NodeDocument
    previous: Mapping[str, int]

    @cached_property
    def groups(self) -> tuple[GroupSpec, ...]:
        """Groups with replicas, in plan order: those of `placement`."""
        return tuple(group for group in self.plan.spec.groups if group.replicas)

    @cached_property
    def placement(self) -> Placement:
        """The plan as arrays."""
        return placement_of_plan(self.inputs.problem, self.inputs.cluster, self.plan.spec)

    @cached_property
    def pool_of_node(self) -> Mapping[str, NodePool]:
        """Node -> its pool, in cluster order."""
        pools = self.inputs.cluster.node_pools
        return {pool.node_name(index): pool for pool in pools for index in range(pool.num_nodes)}

    @cached_property
    def model(self) -> Mapping[str, ServedModel]:
        """Name -> model of the workload."""
        return {model.name: model for model in self.inputs.workload.models}

    @cached_property
    def number(self) -> Mapping[str, int]:
        """Name -> number of a model in the problem."""
        return {name: m for m, name in enumerate(self.inputs.problem.model_names)}

    @property
    def served(self) -> list[str]:
        """Models with a replica, in plan order."""
        names = (replica.model for group in self.groups for replica in group.replicas)
        return list(dict.fromkeys(names))

    @property
    def dispatch(self) -> Dispatch:
        """The plan's rule, or else the cluster's."""
        routing = self.plan.spec.routing
        return self.inputs.problem.dispatch if routing is None else routing.dispatch

    def loaded(self, model: str) -> tuple[str, LoadedModel] | None:
        """Return what a model's engines load, and the name under which that stands."""
        return self.models.find(model, self.model[model].profile)
