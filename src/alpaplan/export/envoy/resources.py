"""What several of Envoy's resources are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from alpaplan.export.engines import Slo

Resource = dict[str, Any]
"""A message of Envoy's API as plain data, with the names of its protocol buffers."""

FRONT = "front"
"""Name of the listener that clients talk to, which no group can have: groups have shapes."""

GROUPS = "groups"
"""Name of the cluster whose endpoints are the groups, which no engine can have."""

MODEL_KEY = "model"
"""Key of a request's model, and of an endpoint's models, in the metadata of load balancing."""

LB_METADATA = "envoy.lb"
"""Where Envoy's load balancers look for metadata."""

MODEL_HEADER, GROUP_HEADER = "x-alpaplan-model", "x-alpaplan-group"

UNLIMITED = 2**31 - 1
"""Open requests, or connections (a count); Envoy's own limit of 1024 for each cluster is for
proxies that shed load, and engines do that themselves."""


class RoutedEngine(Protocol):
    """What the router has to know of an engine: `alpaplan.export.engines.Engine` has it."""

    @property
    def name(self) -> str:
        """Its name, which is that of its cluster."""

    @property
    def group(self) -> str:
        """Name of its group."""

    @property
    def model(self) -> str:
        """What requests ask for."""

    @property
    def host(self) -> str:
        """Where it answers."""

    @property
    def port(self) -> int:
        """Where it answers."""

    @property
    def slo(self) -> Slo:
        """Objectives of the model."""


def typed(type_name: str, **fields: Any) -> Resource:
    """Return a message with its type, as it stands in fields of any type."""
    return {"@type": f"type.googleapis.com/{type_name}", **fields}


def extension(name: str, type_name: str, **fields: Any) -> Resource:
    """Return the configuration of one of Envoy's extensions."""
    return {"name": name, "typed_config": typed(type_name, **fields)}


def discovery(resources: Sequence[Resource]) -> Resource:
    """Return a file that Envoy reads resources of one type from."""
    return {"resources": list(resources)}


def upstream_cluster(name: str, http_options: Mapping[str, Any], **fields: Any) -> Resource:
    """Return a cluster with as many open requests as come."""
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    protocol = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        **http_options,
        explicit_http_config={"http_protocol_options": {}},
    )
    return {
        "name": name,
        "connect_timeout": "5s",
        **fields,
        "circuit_breakers": {"thresholds": [dict.fromkeys(limits, UNLIMITED)]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol
        },
    }
