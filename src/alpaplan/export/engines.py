"""The engines and groups of an export, as `alpaplan-export.json` has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alpaplan.problem.processes import ProcessMemory


@dataclass(frozen=True)
class Slo:
    """The objectives that a model has; None for those that it lacks."""

    slo_s: float | None = None
    ttft_s: float | None = None
    tpot_s: float | None = None


@dataclass(frozen=True)
class NodePart:
    """The devices of a group on one node, by their index there, in the order of the plan."""

    node: str
    devices: tuple[int, ...]


@dataclass(frozen=True)
class DeviceUse:
    """What engines take of a device.

    Parameters
    ----------
    node, device
        The device.
    total_bytes, usable_bytes
        All of its memory, and what the plan may use.
    used_bytes
        What the engines on it take together.
    engines
        Their names.
    """

    node: str
    device: int
    total_bytes: int
    usable_bytes: int
    used_bytes: int
    engines: tuple[str, ...]


@dataclass(frozen=True)
class RoutedGroup:
    """A group as the router sees it.

    Parameters
    ----------
    name
        As in the export.
    group
        The plan's name of it.
    models
        What it serves, in the order of the plan.
    """

    name: str
    group: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    """One replica as a process of its own.

    Parameters
    ----------
    name, group
        Names in the export, its own and that of its group.
    model
        What requests ask for.
    source, revision
        What it loads; None where nobody said.
    devices
        Devices of its group, in the order of the plan.
    host, port
        Where it answers.
    intra_op, inter_op
        Shape of its group.
    slo
        Objectives of the model.
    max_model_len
        Most tokens of a request; None for what the engine takes by itself.
    layers
        Blocks of each stage; None where the engine divides them.
    memory
        What it takes of its devices.
    max_num_seqs, max_num_batched_tokens
        Limits of an LLM's engine; None for fixed-service models.
    after
        Engines that start before it, since they share its devices.
    args, env
        Arguments of the engine's program, and environment, on its first node.
    """

    name: str
    group: str
    model: str
    source: str | None
    revision: str | None
    devices: tuple[NodePart, ...]
    host: str
    port: int
    intra_op: int
    inter_op: int
    slo: Slo
    max_model_len: int | None
    layers: tuple[int, ...] | None
    memory: ProcessMemory
    max_num_seqs: int | None
    max_num_batched_tokens: int | None
    after: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
