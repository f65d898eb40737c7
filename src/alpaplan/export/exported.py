"""An export before it is written: what runs where, and the document that says so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alpaplan.export.command_line import Process
from alpaplan.export.documents import NodeDocument
from alpaplan.export.engines import DeviceUse, Engine, RoutedGroup
from alpaplan.export.fidelity import Fidelity
from alpaplan.export.options import ExportOptions
from alpaplan.specs.choices import Dispatch


@dataclass(frozen=True)
class Export:
    """What an export starts, and how far that is from the plan.

    Parameters
    ----------
    target
        Name of the target.
    plan_sha256, plan_version
        The plan, and the version of alpaplan that made it; None if a person wrote it.
    options
        What was set.
    engines
        All engines, by group in plan order.
    processes
        Engine -> what each of its nodes runs; empty where nobody said what engines load.
    groups
        What the router chooses from, in plan order.
    dispatch
        The plan's rule.
    nodes
        Nodes that are used, in cluster order; the first one has the router.
    node_document
        What nodes are called in real life.
    devices
        What engines take of each device, in cluster order.
    fidelity
        What differs from the plan.
    """

    target: str
    plan_sha256: str
    plan_version: str | None
    options: ExportOptions
    engines: tuple[Engine, ...]
    processes: Mapping[str, tuple[Process, ...]]
    groups: tuple[RoutedGroup, ...]
    dispatch: Dispatch
    nodes: tuple[str, ...]
    node_document: NodeDocument
    devices: tuple[DeviceUse, ...]
    fidelity: tuple[Fidelity, ...]

    @property
    def router_node(self) -> str | None:
        """The node that the router belongs to; None if nothing runs."""
        return self.nodes[0] if self.nodes else None

    @cached_property
    def engine(self) -> Mapping[str, Engine]:
        """Name -> engine."""
        return {engine.name: engine for engine in self.engines}

    def on_node(self, node: str) -> list[tuple[Engine, Process]]:
        """Return the engines that run on a node, with what it runs of them."""
        return [
            (engine, process)
            for engine in self.engines
            for process in self.processes[engine.name]
            if process.node == node
        ]


def export_document(export: Export, files: Mapping[str, bytes]) -> bytes:
    """Return ``alpaplan-export.json``.

    Parameters
    ----------
    export
        The export.
    files
        Path -> content of all its other files.
    """
    data = {
        "kind": "export",
        "version": 1,
        "target": export.target,
        "plan": {"sha256": export.plan_sha256, "alpaplan": export.plan_version},
        "options": export.options.to_json_dict(),
        "files": listed_files(files),
        "engines": [_engine(engine) for engine in export.engines],
        "memory": [_device(use) for use in export.devices],
        "routing": {
            "dispatch": export.dispatch,
            "groups": [
                {"name": group.name, "group": group.group, "models": list(group.models)}
                for group in export.groups
            ],
        },
        "fidelity": [
            {"id": entry.id, "level": entry.level, "what": entry.what, "target": entry.target}
            for entry in export.fidelity
        ],
    }
    return json_bytes(data)


def listed_files(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Return the files as the document beside them lists them."""
    return [
        {"path": path, "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in sorted(files.items())
    ]


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """Write plain data as JSON for people and programs; equal data give equal bytes."""
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _engine(engine: Engine) -> dict[str, Any]:
    memory = engine.memory
    return {
        "name": engine.name,
        "group": engine.group,
        "model": engine.model,
        "source": engine.source,
        "revision": engine.revision,
        "devices": [{"node": p.node, "devices": list(p.devices)} for p in engine.devices],
        "host": engine.host,
        "port": engine.port,
        "intra_op": engine.intra_op,
        "inter_op": engine.inter_op,
        "slo": {name: value for name, value in vars(engine.slo).items() if value is not None},
        "max_model_len": engine.max_model_len,
        "layers": None if engine.layers is None else list(engine.layers),
        **memory.to_json_dict(),
        "max_num_seqs": engine.max_num_seqs,
        "max_num_batched_tokens": engine.max_num_batched_tokens,
        "after": list(engine.after),
        "args": list(engine.args),
        "env": dict(engine.env),
    }


def _device(use: DeviceUse) -> dict[str, Any]:
    return {**vars(use), "engines": list(use.engines)}
