"""All files of an export, as bytes."""

from __future__ import annotations

from alpaplan.export.envoy.files import router_files
from alpaplan.export.exported import Export, export_document
from alpaplan.export.targets import TARGETS
from alpaplan.files.export_json import EXPORT_NAME

ROUTER_FOLDER = "envoy"
"""Folder of the router's files in an export."""

ROUTER_ORDER = ("envoy.yaml", "clusters.yaml", "listeners.yaml", "groups.yaml")
"""Order in which the router's files are replaced: what is chosen from comes last."""


def export_files(export: Export) -> dict[str, bytes]:
    """Return path -> content of all files, in the order in which they are to be written.

    The document that lists the others is the last.
    """
    router = router_files(
        export.engines,
        export.groups,
        router_folder=export.options.router_folder,
        router_port=export.options.router_port,
    )
    texts = TARGETS[export.target].files(export, router)
    files = {path: text.encode() for path, text in texts.items()}
    files |= {f"{ROUTER_FOLDER}/{name}": router[name] for name in ROUTER_ORDER}
    return files | {EXPORT_NAME: export_document(export, files)}
