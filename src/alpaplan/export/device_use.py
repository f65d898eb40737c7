"""What engines take of each device together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alpaplan.export.engines import DeviceUse, Engine
from alpaplan.export.inputs import ExportInputs
from alpaplan.export.names import group_name
from alpaplan.problem.memory_rule import usable_memory_bytes


def device_uses(given: ExportInputs, engines: Iterable[Engine]) -> Iterator[DeviceUse]:
    """Yield what engines take of each device that they are on, in cluster order."""
    shapes = given.placement.shapes.tolist()
    shape_of = {group_name(group): shapes[g] for g, group in enumerate(given.groups)}
    on_device: dict[tuple[str, int], list[tuple[Engine, int]]] = {}
    for engine in engines:
        devices = [(part.node, index) for part in engine.devices for index in part.devices]
        for position, device in enumerate(devices):
            stage = position // engine.intra_op
            on_device.setdefault(device, []).append((engine, stage))
    order = {node: number for number, node in enumerate(given.pool_of_node)}
    for node, index in sorted(on_device, key=lambda device: (order[device[0]], device[1])):
        there = on_device[node, index]
        shape = shape_of[there[0][0].group]
        yield DeviceUse(
            node=node,
            device=index,
            total_bytes=given.pool_of_node[node].device_memory_bytes,
            usable_bytes=usable_memory_bytes(given.inputs.problem, shape),
            used_bytes=sum(engine.memory.stage_bytes[stage] for engine, stage in there),
            engines=tuple(engine.name for engine, _ in there),
        )
