"""How the router is started, whichever target does it."""

from __future__ import annotations

from alpaplan.export.exported import Export
from alpaplan.export.options import ExportOptions
from alpaplan.export.targets.target import host_and_port

ROUTER = "router"
"""What the router is called beside the engines, all of which have a device in their name."""


def router_arguments(options: ExportOptions) -> list[str]:
    """Return the arguments of Envoy: one thread, so that there is one count for each group."""
    return ["-c", f"{options.router_folder.rstrip('/')}/envoy.yaml", "--concurrency", "1"]


def router_address(export: Export) -> str:
    """Return where the router of an export is reached from other nodes, host and port."""
    host = export.node_document.address(export.nodes[0])
    return host_and_port(host, export.options.router_port)
