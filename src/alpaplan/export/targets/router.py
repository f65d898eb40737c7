"""How the router is started, whichever target does it."""

from __future__ import annotations

from alpaplan.export.options import ExportOptions

ROUTER = "router"
"""What the router is called beside the engines, all of which have a device in their name."""


def router_arguments(options: ExportOptions) -> list[str]:
    """Return the arguments of Envoy: one thread, so that there is one count for each group."""
    return ["-c", f"{options.router_folder.rstrip('/')}/envoy.yaml", "--concurrency", "1"]
