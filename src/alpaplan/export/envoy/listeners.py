"""listeners.yaml: the front that finds the model of a request, and each group's own listener."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from alpaplan.export.engines import RoutedGroup
from alpaplan.export.envoy.resources import (
    FRONT,
    GROUP_HEADER,
    GROUPS,
    LB_METADATA,
    MODEL_HEADER,
    MODEL_KEY,
    Resource,
    RoutedEngine,
    discovery,
    extension,
    typed,
)
from alpaplan.export.names import written

BUFFER_BYTES = 64 * 2**20
"""Bytes of a request that are held until its model is known; EXPORT.md. Envoy's own limit, 1 MiB,
is less than a long prompt."""

_LEAST_BODY_BYTES = 4096
"""Envoy's own limit (bytes) of an answer that a route gives itself."""

_DETAILS_HEADER = "x-alpaplan-details"
"""Says to the front, and to nobody else, why a group's listener gave an answer of its own."""

_UNTIL_ALL_IS_READ: Resource = {
    "retry_on": "connect-failure,retriable-headers",
    "retriable_headers": [
        {"name": _DETAILS_HEADER, "string_match": {"exact": "cluster_not_found"}}
    ],
    "num_retries": 40,
    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.250s"},
}
"""Envoy reads all files again when one of them is renamed, in an order of its own: for some 0.1 s,
on a busy machine 1 s, a group may be chosen whose listener, or whose engine's cluster, is yet to be
made. Such a request has reached no engine, and is sent again. Intervals are random, up to the
largest: 5 s in all, more or less, or until the route's time limit."""

_RENEWED_CONNECTIONS: Resource = {
    "common_http_protocol_options": {"max_connection_duration": "60s"},
    "http1_safe_max_connection_duration": True,
}
"""A client's connection keeps the models that were served when it was made. After a minute (10 s to
10 min) it ends with the next answer, so that a model of a new plan is found on a new one."""

_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"


def listeners(
    engines: Sequence[RoutedEngine], groups: Sequence[RoutedGroup], address: str, port: int
) -> Resource:
    """Return listeners.yaml.

    Parameters
    ----------
    engines, groups
        Who serves; a group's engines name it.
    address, port
        Where clients connect.
    """
    slo_s = {engine.model: engine.slo.slo_s for engine in engines}
    served = dict.fromkeys(model for group in groups for model in group.models)
    front = _listener(
        FRONT,
        {"address": {"socket_address": {"address": address, "port_value": port}}},
        [_listed_models(served), *(_to_groups(name, slo_s[name]) for name in served), _not_found()],
        [_model_of_body()],
        _RENEWED_CONNECTIONS,
        response_headers_to_remove=[_DETAILS_HEADER],
    )
    inner = [_group_listener(group, engines) for group in groups]
    return discovery([front, *inner])


def _group_listener(group: RoutedGroup, engines: Iterable[RoutedEngine]) -> Resource:
    routes = [
        {
            "match": {
                "prefix": "/",
                "headers": [
                    {"name": MODEL_HEADER, "string_match": {"exact": written(engine.model)}}
                ],
            },
            # The front decides how long a request may take.
            "route": {"cluster": engine.name, "timeout": "0s"},
        }
        for engine in engines
        if engine.group == group.name
    ]
    headers = [
        _header(GROUP_HEADER, group.name),
        _header(_DETAILS_HEADER, "%RESPONSE_CODE_DETAILS%"),
    ]
    return _listener(
        group.name, {"internal_listener": {}}, routes, [], {}, response_headers_to_add=headers
    )


def _listener(
    name: str,
    where: Resource,
    routes: list[Resource],
    filters: list[Resource],
    manager_fields: Resource,
    **route_fields: Any,
) -> Resource:
    largest = max((len(_answer_of(route).encode()) for route in routes), default=0)
    router = extension(
        "envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"
    )
    manager = extension(
        _CONNECTION_MANAGER,
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        # An answer may take long to begin: the routes' timeouts decide.
        stream_idle_timeout="0s",
        **manager_fields,
        route_config={
            "name": name,
            "max_direct_response_body_size_bytes": max(_LEAST_BODY_BYTES, largest),
            "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}],
            **route_fields,
        },
        http_filters=[*filters, router],
    )
    return typed(
        "envoy.config.listener.v3.Listener",
        name=name,
        **where,
        per_connection_buffer_limit_bytes=BUFFER_BYTES,
        filter_chains=[{"filters": [manager]}],
    )


def _model_of_body() -> Resource:
    return extension(
        "envoy.filters.http.json_to_metadata",
        "envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata",
        request_rules={
            # Clients add parameters to the type, such as a charset.
            "allow_content_types_regex": {"regex": r"(?i)application/json\s*(;.*)?"},
            "rules": [
                {
                    "selectors": [{"key": "model"}],
                    "on_present": {"metadata_namespace": LB_METADATA, "key": MODEL_KEY},
                }
            ],
        },
    )


def _to_groups(model: str, slo_s: float | None) -> Resource:
    wanted = {
        "filter": LB_METADATA,
        "path": [{"key": MODEL_KEY}],
        "value": {"string_match": {"exact": model}},
    }
    return {
        "match": {"prefix": "/", "dynamic_metadata": [wanted]},
        "route": {
            "cluster": GROUPS,
            "timeout": _timeout(slo_s),
            "retry_policy": _UNTIL_ALL_IS_READ,
        },
        "request_headers_to_add": [_header(MODEL_HEADER, written(model))],
    }


def _timeout(slo_s: float | None) -> str:
    """Return when the front gives up, in whole milliseconds; 0: never."""
    if slo_s is None:
        return "0s"
    return f"{max(1, round(slo_s * 1000)) / 1000:.3f}s"


def _header(name: str, value: str) -> Resource:
    return {
        "header": {"key": name, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _listed_models(models: Iterable[str]) -> Resource:
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "alpaplan"} for name in models
    ]
    match = {
        "path": "/v1/models",
        "headers": [{"name": ":method", "string_match": {"exact": "GET"}}],
    }
    return _answer(match, 200, {"object": "list", "data": data})


def _not_found() -> Resource:
    error = {
        "message": "no group serves this model",
        "type": "NotFoundError",
        "param": "model",
        "code": 404,
    }
    return _answer({"prefix": "/"}, 404, {"error": error})


def _answer(match: Resource, status: int, body: Resource) -> Resource:
    text = json.dumps(body, separators=(",", ":"))
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": text}},
        "response_headers_to_add": [_header("content-type", "application/json")],
    }


def _answer_of(route: Resource) -> str:
    body: str = route.get("direct_response", {}).get("body", {}).get("inline_string", "")
    return body
