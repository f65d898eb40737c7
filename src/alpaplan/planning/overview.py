"""A plan that exists, device by device: who runs where, how full that is, how busy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from alpaplan.planning.device_use import DeviceUse
from alpaplan.planning.document import unplanned_model
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.problem.memory_rule import usable_bytes_of_pools
from alpaplan.problem.stage_memory import GroupMemory, memory_of_groups
from alpaplan.specs.plan import GroupSpec, PlannedModel, PlanSpec


@dataclass(frozen=True)
class DeviceMemory:
    """What one device holds, in bytes.

    Parameters
    ----------
    weight_bytes, kv_bytes
        Model -> its weights here, and its KV cache if it is an LLM.
    working_bytes
        What is held beside them: working memory of what runs, and what processes take.
    usable_bytes
        What the device has.
    """

    weight_bytes: Mapping[str, int]
    kv_bytes: Mapping[str, int]
    working_bytes: int
    usable_bytes: int

    @property
    def used_bytes(self) -> int:
        """All that it holds."""
        return sum(self.weight_bytes.values()) + sum(self.kv_bytes.values()) + self.working_bytes

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "used_bytes": self.used_bytes,
            "usable_bytes": self.usable_bytes,
            "weight_bytes": sum(self.weight_bytes.values()),
            "kv_bytes": sum(self.kv_bytes.values()),
            "working_bytes": self.working_bytes,
        }


@dataclass(frozen=True)
class DeviceOverview:
    """One device.

    Parameters
    ----------
    index
        In its node.
    group, stage
        Name of the group that it belongs to, and the stage that it runs; None if it is left over.
    utilization
        Predicted busy fraction of its group; None if the plan does not tell.
    memory
        What it holds; None if that is not known.
    """

    index: int
    group: str | None = None
    stage: int | None = None
    utilization: float | None = None
    memory: DeviceMemory | None = None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        memory = None if self.memory is None else self.memory.to_json_dict()
        return {
            "device": self.index,
            "group": self.group,
            "stage": self.stage,
            "utilization": self.utilization,
            "memory": memory,
        }


@dataclass(frozen=True)
class NodeOverview:
    """One node: its name, its device type if that is known, and its devices by index."""

    name: str
    device: str | None
    devices: tuple[DeviceOverview, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        devices = [device.to_json_dict() for device in self.devices]
        return {"node": self.name, "type": self.device, "devices": devices}


@dataclass(frozen=True)
class PlanOverview:
    """A plan, with what its inputs tell of it.

    Parameters
    ----------
    plan
        The plan.
    inputs
        What it is for; None if that is not known.
    """

    plan: PlanSpec
    inputs: Inputs | None = None

    def paths(self) -> list[Path]:
        """Return the files of the inputs."""
        return [] if self.inputs is None else self.inputs.files.paths()

    @cached_property
    def use(self) -> DeviceUse:
        """How much of the cluster it uses."""
        return DeviceUse.of(self.plan, None if self.inputs is None else self.inputs.cluster)

    @cached_property
    def memory(self) -> Mapping[str, GroupMemory]:
        """Group -> what its devices hold, of groups with replicas; empty without inputs."""
        if self.inputs is None:
            return {}
        problem = self.inputs.problem
        placement = placement_of_plan(problem, self.inputs.cluster, self.plan)
        names = [group.name for group in self.plan.groups if group.replicas]
        return dict(zip(names, memory_of_groups(problem, placement), strict=True))

    @cached_property
    def utilization(self) -> Mapping[str, float]:
        """Group -> its predicted busy fraction, as far as the plan tells."""
        predicted = self.plan.prediction.groups if self.plan.prediction is not None else ()
        return {group.name: group.utilization for group in predicted}

    @cached_property
    def models(self) -> tuple[PlannedModel, ...]:
        """The models as planned, or as the workload has them; none if neither tells."""
        if self.plan.models or self.inputs is None:
            return self.plan.models
        problem = self.inputs.problem
        groups = self.groups_of_models
        return tuple(
            unplanned_model(problem, m, groups[name]) for m, name in enumerate(problem.model_names)
        )

    @cached_property
    def groups_of_models(self) -> Mapping[str, tuple[str, ...]]:
        """Model -> the groups that hold it; models without a replica included, if known."""
        names = [model.name for model in self.plan.models]
        if not names and self.inputs is not None:
            names = list(self.inputs.problem.model_names)
        found: dict[str, list[str]] = {name: [] for name in names}
        for group in self.plan.groups:
            for replica in group.replicas:
                found.setdefault(replica.model, []).append(group.name)
        return {name: tuple(groups) for name, groups in found.items()}

    def memory_fill(self, group: str) -> float | None:
        """Return the used fraction of a group's fullest device; None if that is not known."""
        memory = self.memory.get(group)
        if memory is None:
            return None
        return int(memory.used_bytes.max(initial=0)) / memory.usable_bytes

    @cached_property
    def nodes(self) -> tuple[NodeOverview, ...]:
        """All nodes that are known: those of the cluster, else those that the plan names."""
        found: dict[str, tuple[str | None, dict[int, DeviceOverview]]] = {}
        if self.inputs is not None:
            pools = self.inputs.cluster.node_pools
            usable = usable_bytes_of_pools(self.inputs.problem)
            for pool, usable_bytes in zip(pools, usable, strict=True):
                idle = DeviceMemory({}, {}, 0, usable_bytes)
                for node in range(pool.num_nodes):
                    devices = {
                        index: DeviceOverview(index, memory=idle)
                        for index in range(pool.devices_per_node)
                    }
                    found[pool.node_name(node)] = (pool.device, devices)
        for group in self.plan.groups:
            for name, device in self._devices(group):
                devices = found.setdefault(name, (group.device, {}))[1]
                if not group.replicas and device.index in devices:
                    device = replace(device, memory=devices[device.index].memory)
                devices[device.index] = device
        for item in self.plan.unused_devices:
            devices = found.setdefault(item.node, (None, {}))[1]
            for index in item.devices:
                devices.setdefault(index, DeviceOverview(index))
        return tuple(
            NodeOverview(name, device, tuple(devices[index] for index in sorted(devices)))
            for name, (device, devices) in found.items()
        )

    def _devices(self, group: GroupSpec) -> Iterator[tuple[str, DeviceOverview]]:
        """Yield the devices of a group with their nodes, stage after stage."""
        memory = self._memory_of_stages(group)
        places = [(item.node, index) for item in group.devices for index in item.devices]
        for number, (node, index) in enumerate(places):
            stage = number // group.intra_op
            held = memory[stage] if stage < len(memory) else None
            busy = self.utilization.get(group.name)
            yield node, DeviceOverview(index, group.name, stage, busy, held)

    def _memory_of_stages(self, group: GroupSpec) -> list[DeviceMemory]:
        """Return what a device of each stage of a group holds; nothing if that is not known."""
        memory = self.memory.get(group.name)
        if memory is None or self.inputs is None:
            return []
        names = [self.inputs.problem.model_names[m] for m in memory.models.tolist()]
        columns = zip(
            memory.weight_bytes.T.tolist(),
            memory.kv_bytes.T.tolist(),
            memory.working_bytes.tolist(),
            strict=True,
        )
        return [
            DeviceMemory(
                dict(zip(names, weights, strict=True)),
                {name: held for name, held in zip(names, caches, strict=True) if held},
                working,
                memory.usable_bytes,
            )
            for weights, caches, working in columns
        ]

    def kv_tokens(self, group: str) -> Mapping[str, int]:
        """Return model -> the KV tokens of its engine on a group; empty if there are none."""
        memory = self.memory.get(group)
        if memory is None or self.inputs is None:
            return {}
        names = self.inputs.problem.model_names
        columns = zip(memory.models.tolist(), memory.kv_tokens.tolist(), strict=True)
        return {names[m]: tokens for m, tokens in columns if tokens}

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        plan = self.plan
        prediction, made = plan.prediction, plan.provenance
        use = self.use
        return {
            "devices": {"used": use.num_used, "total": use.num_devices, "utilization": use.busy},
            "prediction": None if prediction is None else prediction.model_dump(mode="json"),
            "nodes": [node.to_json_dict() for node in self.nodes],
            "groups": [self._group_json(group) for group in plan.groups],
            "models": list(self._models_json()),
            "tried": [] if made is None else [each.model_dump(mode="json") for each in made.tried],
        }

    def _models_json(self) -> Iterator[dict[str, Any]]:
        planned = {model.name: model.model_dump(mode="json") for model in self.models}
        for name, groups in self.groups_of_models.items():
            known = planned.get(name, dict.fromkeys(PlannedModel.model_fields))
            yield known | {"name": name, "groups": list(groups), "replicas": len(groups)}

    def _group_json(self, group: GroupSpec) -> dict[str, Any]:
        tokens = self.kv_tokens(group.name)
        return {
            "name": group.name,
            "device": group.device,
            "intra_op": group.intra_op,
            "inter_op": group.inter_op,
            "devices": [item.model_dump(mode="json") for item in group.devices],
            "utilization": self.utilization.get(group.name),
            "memory_fill": self.memory_fill(group.name),
            "replicas": [
                {"model": replica.model, "kv_tokens": tokens.get(replica.model)}
                for replica in group.replicas
            ],
        }
