"""Docker Compose: a file for each node, which is started there."""

from __future__ import annotations

from typing import Any

from alpaplan.export.command_line import Process
from alpaplan.export.engines import Engine
from alpaplan.export.exported import Export
from alpaplan.export.options import ExportOptions
from alpaplan.export.targets.router import ROUTER, router_arguments
from alpaplan.export.targets.target import (
    HEALTH_PERIOD_S,
    START_TIMEOUT_S,
    Target,
    health_url,
    node_folder,
)
from alpaplan.files.yaml_text import to_yaml

PROJECT = "alpaplan"
"""Name of the project on each node: new files take the place of old ones."""


def _files(export: Export, _: object) -> dict[str, str]:
    return {
        f"{node_folder(node)}/compose.yaml": to_yaml(_escaped(_project(export, node)))
        for node in export.nodes
    }


def _project(export: Export, node: str) -> dict[str, Any]:
    services = {
        engine.name: _engine(engine, process, export.options)
        for engine, process in export.on_node(node)
    }
    if node == export.router_node:
        services[ROUTER] = _router(export.options)
    return {"name": PROJECT, "services": services}


def _engine(engine: Engine, process: Process, options: ExportOptions) -> dict[str, Any]:
    url = health_url(engine.host, engine.port)
    service: dict[str, Any] = {
        "image": options.engine_image,
        "entrypoint": ["vllm"],
        "command": list(process.args),
        "environment": process.env,
        # Engines listen at the address of their node, and the processes of one share memory.
        "network_mode": "host",
        "ipc": "host",
        "restart": "unless-stopped",
        "deploy": {
            "resources": {
                "reservations": {
                    "devices": [
                        {
                            "driver": "nvidia",
                            "device_ids": [str(index) for index in process.devices],
                            "capabilities": ["gpu"],
                        }
                    ]
                }
            }
        },
        "healthcheck": {
            "test": ["CMD", "curl", "--fail", "--silent", "--show-error", url],
            "interval": f"{HEALTH_PERIOD_S}s",
            "timeout": "5s",
            "retries": 3,
            "start_period": f"{START_TIMEOUT_S}s",
        },
    }
    if engine.after:
        service["depends_on"] = {
            earlier: {"condition": "service_healthy"} for earlier in engine.after
        }
    return service


def _router(options: ExportOptions) -> dict[str, Any]:
    folder = {
        "type": "bind",
        "source": options.router_folder,
        "target": options.router_folder,
        "read_only": True,
    }
    return {
        "image": options.router_image,
        "entrypoint": ["envoy"],
        "command": router_arguments(options),
        "network_mode": "host",
        "restart": "unless-stopped",
        # The folder, not its files: Envoy looks for files that are renamed into it.
        "volumes": [folder],
    }


def _escaped(value: Any) -> Any:
    """Keep Compose from taking dollar signs for variables."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value


COMPOSE = Target(files=_files)
