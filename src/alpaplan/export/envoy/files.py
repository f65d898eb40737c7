"""All files of the router, as bytes."""

from __future__ import annotations

from collections.abc import Sequence

from alpaplan.export.engines import RoutedGroup
from alpaplan.export.envoy.bootstrap import bootstrap
from alpaplan.export.envoy.endpoints import engine_clusters, group_endpoints
from alpaplan.export.envoy.listeners import listeners
from alpaplan.export.envoy.resources import RoutedEngine
from alpaplan.files.yaml_text import to_yaml

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - a router is there to be reached


def router_files(
    engines: Sequence[RoutedEngine],
    groups: Sequence[RoutedGroup],
    *,
    router_folder: str,
    router_port: int,
    router_address: str = ANY_ADDRESS,
) -> dict[str, bytes]:
    """Return the router's files: name -> bytes, the same for the same arguments.

    Parameters
    ----------
    engines
        All engines, each with the name of its group.
    groups
        The groups, in plan order.
    router_folder
        Absolute path of the folder that Envoy is going to find the files in.
    router_port, router_address
        Where it listens.
    """
    files = {
        "envoy.yaml": bootstrap(router_folder),
        "listeners.yaml": listeners(engines, groups, router_address, router_port),
        "clusters.yaml": engine_clusters(engines),
        "groups.yaml": group_endpoints(groups),
    }
    return {name: to_yaml(content).encode() for name, content in files.items()}
