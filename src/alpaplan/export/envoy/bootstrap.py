"""envoy.yaml: where the rest is read from, and how a group is chosen."""

from __future__ import annotations

from typing import Any

from alpaplan.export.envoy.resources import GROUPS, MODEL_KEY, Resource, extension, upstream_cluster

_POLICIES = "envoy.extensions.load_balancing_policies"


def bootstrap(router_folder: str) -> Resource:
    """Return what Envoy starts with.

    Parameters
    ----------
    router_folder
        Where the other files are, watched for files that are renamed into place.
    """
    return {
        "node": {"id": "alpaplan-router", "cluster": "alpaplan"},
        "bootstrap_extensions": [
            extension(
                "envoy.bootstrap.internal_listener",
                "envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
            )
        ],
        "dynamic_resources": {
            "lds_config": _watched(router_folder, "listeners.yaml"),
            "cds_config": _watched(router_folder, "clusters.yaml"),
        },
        "static_resources": {"clusters": [_groups_cluster(router_folder)]},
    }


def _watched(router_folder: str, name: str) -> Resource:
    folder = router_folder.rstrip("/")
    return {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": f"{folder}/{name}",
            "watched_directory": {"path": folder or "/"},
        },
    }


def _groups_cluster(router_folder: str) -> Resource:
    """Return the cluster of all groups, which are looked up in groups.yaml.

    It stands here since it is the same whatever the plan is, so that replacing clusters.yaml
    leaves open requests counted.
    """
    return upstream_cluster(
        GROUPS,
        # Connections keep the routes that a listener had when they were made; inside the process
        # a new one for each request costs next to nothing, and knows the engines of now.
        {"common_http_protocol_options": {"max_requests_per_connection": 1}},
        type="EDS",
        eds_cluster_config={
            "service_name": GROUPS,
            "eds_config": _watched(router_folder, "groups.yaml"),
        },
        load_balancing_policy=_policy(
            "subset",
            "subset.v3.Subset",
            fallback_policy="NO_FALLBACK",
            list_as_any=True,
            subset_selectors=[{"keys": [MODEL_KEY]}],
            # Looks at all groups of the model; by default it would draw two of them.
            subset_lb_policy=_policy(
                "least_request", "least_request.v3.LeastRequest", selection_method="FULL_SCAN"
            ),
        ),
    )


def _policy(name: str, type_name: str, **fields: Any) -> Resource:
    made = extension(f"envoy.load_balancing_policies.{name}", f"{_POLICIES}.{type_name}", **fields)
    return {"policies": [{"typed_extension_config": made}]}
