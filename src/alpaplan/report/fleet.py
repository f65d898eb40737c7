"""The picture of a fleet before it is drawn: which color has how much of which device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from alpaplan.planning.overview import DeviceMemory, DeviceOverview, NodeOverview, PlanOverview
from alpaplan.units import format_count

MAX_KINDS = 8
"""Colors that people tell apart (a count): one for each model, or for each profile."""

OTHERS = -1
"""In place of the number of a color: models without one of their own, and working memory."""


class Content(StrEnum):
    """What a part of a device's memory is for."""

    WEIGHTS = "weights"
    KV_CACHE = "KV cache"
    WORKING = "working memory"


@dataclass(frozen=True)
class Slice:
    """A part of a device's memory, from and to a fraction of what is usable.

    Parameters
    ----------
    color
        Number of the color; `OTHERS` for gray.
    content
        What it is for.
    start, end
        Fractions of the device's memory.
    """

    color: int
    content: Content
    start: float
    end: float


@dataclass(frozen=True)
class Cell:
    """One device.

    Parameters
    ----------
    device
        What is known of it.
    slices
        Its memory from the bottom up; without known memory equal parts of its models.
    models
        What it holds.
    """

    device: DeviceOverview
    slices: tuple[Slice, ...]
    models: tuple[str, ...]


@dataclass(frozen=True)
class NodePicture:
    """One node: its devices, and which of them belong to one group.

    Parameters
    ----------
    name, device
        Name, and device type if that is known.
    cells
        Its devices.
    spans
        Group, first and last cell of each part that belongs to one group.
    """

    name: str
    device: str | None
    cells: tuple[Cell, ...]
    spans: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class FleetPicture:
    """All nodes, and what the colors are.

    Parameters
    ----------
    nodes
        In cluster order.
    kinds
        What each color stands for: a model, or a profile.
    has_others
        Whether some models have no color of their own.
    has_memory
        Whether slices are of memory; else only shares of models are shown.
    """

    nodes: tuple[NodePicture, ...]
    kinds: tuple[str, ...]
    has_others: bool
    has_memory: bool

    @property
    def contents(self) -> tuple[Content, ...]:
        """What memory is used for anywhere."""
        used = {part.content for node in self.nodes for cell in node.cells for part in cell.slices}
        return tuple(content for content in Content if content in used)


def fleet_picture(overview: PlanOverview) -> FleetPicture:
    """Return what a picture of a plan's devices shows."""
    kinds, color_of_model = _colors(overview)
    models_of_group = {
        group.name: tuple(replica.model for replica in group.replicas)
        for group in overview.plan.groups
    }
    return FleetPicture(
        tuple(_node(node, models_of_group, color_of_model) for node in overview.nodes),
        kinds,
        OTHERS in color_of_model.values(),
        bool(overview.memory),
    )


def _colors(overview: PlanOverview) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """Return what the colors stand for, and the number of each model's color."""
    names = list(overview.groups_of_models)
    if len(names) <= MAX_KINDS:
        return tuple(names), {name: color for color, name in enumerate(names)}
    profile_of = {model.name: model.profile for model in overview.models}
    sizes: dict[str, int] = {}
    for name in names:
        kind = profile_of.get(name, name)
        sizes[kind] = sizes.get(kind, 0) + len(overview.groups_of_models[name])
    # Those with most replicas have colors, and stand in the workload's order.
    largest = sorted(sizes, key=lambda kind: -sizes[kind])[:MAX_KINDS]
    kinds = [kind for kind in sizes if kind in largest]
    counts = {kind: sum(profile_of.get(name, name) == kind for name in names) for kind in kinds}
    labels = tuple(
        kind if counts[kind] == 1 else f"{kind} ({format_count(counts[kind], 'model')})"
        for kind in kinds
    )
    color_of_kind = {kind: color for color, kind in enumerate(kinds)}
    return labels, {name: color_of_kind.get(profile_of.get(name, name), OTHERS) for name in names}


def _node(
    node: NodeOverview,
    models_of_group: Mapping[str, tuple[str, ...]],
    color_of_model: Mapping[str, int],
) -> NodePicture:
    cells = []
    for device in node.devices:
        models = models_of_group.get(device.group or "", ())
        if device.memory is not None:
            slices = tuple(_memory_slices(device.memory, color_of_model))
        else:
            slices = tuple(_equal_slices(models, color_of_model))
        cells.append(Cell(device, slices, models))
    return NodePicture(node.name, node.device, tuple(cells), tuple(_spans(node.devices)))


def _spans(devices: Iterable[DeviceOverview]) -> Iterator[tuple[str, int, int]]:
    for group, members in groupby(enumerate(devices), key=lambda item: item[1].group):
        numbers = [number for number, _ in members]
        if group is not None:
            yield group, numbers[0], numbers[-1]


def _memory_slices(memory: DeviceMemory, color_of_model: Mapping[str, int]) -> Iterator[Slice]:
    """Yield weights and KV cache of each color, then what all need besides."""
    parts: dict[tuple[int, Content], int] = {}
    for content, held in (
        (Content.WEIGHTS, memory.weight_bytes),
        (Content.KV_CACHE, memory.kv_bytes),
    ):
        for model, num_bytes in held.items():
            key = (color_of_model.get(model, OTHERS), content)
            parts[key] = parts.get(key, 0) + num_bytes
    ordered = sorted(parts.items(), key=lambda item: (item[0][0] == OTHERS, item[0][0]))
    ordered.append(((OTHERS, Content.WORKING), memory.working_bytes))
    start = 0
    for (color, content), num_bytes in ordered:
        if num_bytes > 0:
            end = start + num_bytes
            yield Slice(color, content, start / memory.usable_bytes, end / memory.usable_bytes)
            start = end


def _equal_slices(models: tuple[str, ...], color_of_model: Mapping[str, int]) -> Iterator[Slice]:
    colors = sorted(color_of_model.get(model, OTHERS) for model in models)
    for number, color in enumerate(colors):
        yield Slice(color, Content.WEIGHTS, number / len(colors), (number + 1) / len(colors))
