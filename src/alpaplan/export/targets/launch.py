"""Commands as JSON, for tools that start processes on nodes by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpaplan.export.exported import Export, json_bytes
from alpaplan.export.targets.router import ROUTER, router_address, router_arguments
from alpaplan.export.targets.target import Target, health_url


def _files(export: Export, _: object) -> dict[str, str]:
    data = {"kind": "launch-list", "version": 1, "commands": list(_commands(export))}
    return {"launch.json": json_bytes(data).decode()}


def _commands(export: Export) -> Iterator[dict[str, Any]]:
    for engine in export.engines:
        for process in export.processes[engine.name]:
            yield {
                "name": engine.name,
                "node": process.node,
                "rank": process.rank,
                "env": process.env_with_devices,
                "argv": [export.options.engine_path, *process.args],
                "after": list(engine.after),
                "health": health_url(engine.host, engine.port),
            }
    if export.router_node is not None:
        yield {
            "name": ROUTER,
            "node": export.router_node,
            "rank": 0,
            "env": {},
            "argv": [export.options.router_path, *router_arguments(export.options)],
            "after": [],
            "health": f"http://{router_address(export)}/v1/models",
        }


LAUNCH = Target(
    files=_files, spans_nodes=True, keeps_device_order=True, chooses_devices_by_env=True
)
