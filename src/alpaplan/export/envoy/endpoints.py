"""groups.yaml and clusters.yaml: the groups with their models, and the engines."""

from __future__ import annotations

from collections.abc import Sequence

from alpaplan.export.engines import RoutedGroup
from alpaplan.export.envoy.resources import (
    GROUPS,
    LB_METADATA,
    MODEL_KEY,
    Resource,
    RoutedEngine,
    discovery,
    typed,
    upstream_cluster,
)

KEEP_ALIVE_S = 4
"""Seconds after which an idle connection to an engine is closed; 1 to 5. vLLM's server closes its
own after 5 (uvicorn's ``timeout_keep_alive``), and a request sent at that moment would be lost."""


def group_endpoints(groups: Sequence[RoutedGroup]) -> Resource:
    """Return groups.yaml: an endpoint for each group, in plan order, that says what it holds."""
    endpoints = [
        {
            "endpoint": {
                "address": {"envoy_internal_address": {"server_listener_name": group.name}}
            },
            "metadata": {
                "filter_metadata": {
                    LB_METADATA: {"group": group.name, MODEL_KEY: list(group.models)}
                }
            },
        }
        for group in groups
    ]
    return discovery(
        [
            typed(
                "envoy.config.endpoint.v3.ClusterLoadAssignment",
                cluster_name=GROUPS,
                endpoints=[{"lb_endpoints": endpoints}],
            )
        ]
    )


def engine_clusters(engines: Sequence[RoutedEngine]) -> Resource:
    """Return clusters.yaml: a cluster for each engine."""
    return discovery([_engine_cluster(engine) for engine in engines])


def _engine_cluster(engine: RoutedEngine) -> Resource:
    address = {"socket_address": {"address": engine.host, "port_value": engine.port}}
    cluster = upstream_cluster(
        engine.name,
        {"common_http_protocol_options": {"idle_timeout": f"{KEEP_ALIVE_S}s"}},
        # A host name is resolved again and again, so that a service may move.
        type="STATIC" if is_ip_address(engine.host) else "STRICT_DNS",
        load_assignment={
            "cluster_name": engine.name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    )
    return typed("envoy.config.cluster.v3.Cluster", **cluster)


def is_ip_address(host: str) -> bool:
    """Whether a host is an address and not a name."""
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
