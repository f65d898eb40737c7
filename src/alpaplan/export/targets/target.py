"""What a target is: where engines answer, what it can do, and its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alpaplan.export.exported import Export
from alpaplan.export.names import written
from alpaplan.export.options import ExportOptions

START_TIMEOUT_S = 3600
"""How long an engine may take until it is ready (seconds; 600 to 14,400): loading the largest
weights from a slow store, and compiling."""

HEALTH_PERIOD_S = 10
"""How often a starting engine is asked whether it is ready (seconds; 1 to 30)."""


def at_its_address(_: str, address: str, __: ExportOptions) -> str:
    """Return where an engine answers that its node's network reaches."""
    return address


@dataclass(frozen=True)
class Target:
    """A backend that plans are exported to.

    Parameters
    ----------
    files
        Makes its files, path -> text, beside those of the router, which it is given as name ->
        content.
    host_of
        Where an engine answers, by its name and the address of its node.
    bind_to
        Address that engines listen at; None for that where they answer.
    starts_engines
        Whether it starts engines, which then have to know what they load.
    spans_nodes
        Whether an engine can run on several nodes.
    keeps_device_order
        Whether engines see devices in the order of the plan.
    needs_addresses, needs_uuids
        Whether nodes need an address where there are several, and devices a UUID.
    chooses_devices_by_env
        Whether engines see all devices of a node but for their environment.
    """

    files: Callable[[Export, Mapping[str, bytes]], Mapping[str, str]]
    host_of: Callable[[str, str, ExportOptions], str] = at_its_address
    bind_to: str | None = None
    starts_engines: bool = True
    spans_nodes: bool = False
    keeps_device_order: bool = False
    needs_addresses: bool = True
    needs_uuids: bool = False
    chooses_devices_by_env: bool = False


def health_url(host: str, port: int) -> str:
    """Return where an engine says that it is ready."""
    return f"http://{host_and_port(host, port)}/health"


def host_and_port(host: str, port: int) -> str:
    """Return an address as URLs have it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


MAX_FILE_NAME_BYTES = 255
"""Longest file name of Linux's file systems."""


def node_folder(node: str) -> str:
    """Return the folder of a node's files."""
    is_file_name = "/" not in node and len(node.encode()) <= MAX_FILE_NAME_BYTES
    return f"nodes/{node if is_file_name else written(node)}"
