"""Kubernetes: a ResourceClaim for each group, a Deployment and a Service for each engine.

Devices are claimed from NVIDIA's DRA driver by their UUIDs, as it publishes no index. The engines
of a group share its claim, and with it the devices, in slices of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from alpaplan.export.command_line import Process
from alpaplan.export.engines import Engine, NodePart, RoutedGroup
from alpaplan.export.exported import Export
from alpaplan.export.options import ExportOptions
from alpaplan.export.targets.kubernetes_text import label_name, without_variables
from alpaplan.export.targets.router import ROUTER, router_arguments
from alpaplan.export.targets.target import (
    HEALTH_PERIOD_S,
    START_TIMEOUT_S,
    Target,
    health_url,
)
from alpaplan.files.yaml_text import to_yaml

Manifest = dict[str, Any]

_DRIVER = "gpu.nvidia.com"
"""Name of NVIDIA's DRA driver, of its device class, and of its attributes' domain."""

_CLAIM = "devices"
"""What a pod calls the claim of its group."""


def _host(engine: str, _: str, options: ExportOptions) -> str:
    return f"{label_name(engine)}.{options.namespace}.svc"


def _files(export: Export, router: Mapping[str, bytes]) -> dict[str, str]:
    return {"alpaplan.yaml": "---\n".join(map(to_yaml, _manifests(export, router)))}


def _manifests(export: Export, router: Mapping[str, bytes]) -> Iterator[Manifest]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": export.options.namespace}}
    devices = {engine.group: engine.devices for engine in export.engines}
    for group in export.groups:
        yield _claim(export, group, devices[group.name])
    for engine in export.engines:
        (process,) = export.processes[engine.name]
        yield _deployment(export, engine, process)
        yield _service(export.options, label_name(engine.name), engine.port)
    yield from _router(export, router)


def _metadata(options: ExportOptions, name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "alpaplan"}
    return {"name": name, "namespace": options.namespace, "labels": labels}


def _claim(export: Export, group: RoutedGroup, devices: Sequence[NodePart]) -> Manifest:
    uuids = [
        export.node_document.node(part.node).devices[index]
        for part in devices
        for index in part.devices
    ]
    sharing = {
        "apiVersion": "resource.nvidia.com/v1beta1",
        "kind": "GpuConfig",
        "sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Default"}},
    }
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": _metadata(export.options, label_name(group.name)),
        "spec": {
            "devices": {
                "requests": [_request(number, uuid) for number, uuid in enumerate(uuids)],
                "config": [{"opaque": {"driver": _DRIVER, "parameters": sharing}}],
            }
        },
    }


def _request(number: int, uuid: str) -> dict[str, Any]:
    expression = f'device.attributes["{_DRIVER}"].uuid == "{uuid}"'
    return {
        "name": f"device-{number}",
        "exactly": {
            "deviceClassName": _DRIVER,
            "selectors": [{"cel": {"expression": expression}}],
        },
    }


def _deployment(export: Export, engine: Engine, process: Process) -> Manifest:
    options = export.options
    container = {
        "name": "engine",
        "image": options.engine_image,
        "command": ["vllm"],
        "args": [without_variables(argument) for argument in process.args],
        "env": [
            {"name": name, "value": without_variables(value)} for name, value in process.env.items()
        ],
        "ports": [{"name": "http", "containerPort": engine.port}],
        "startupProbe": {
            **_health_probe(),
            "failureThreshold": START_TIMEOUT_S // HEALTH_PERIOD_S,
        },
        "readinessProbe": _health_probe(),
        "livenessProbe": {**_health_probe(), "timeoutSeconds": 10},
        "resources": {"claims": [{"name": _CLAIM}]},
        "volumeMounts": [{"name": "shared-memory", "mountPath": "/dev/shm"}],  # noqa: S108
    }
    waits = [_wait_for(export, earlier) for earlier in engine.after]
    pod = {
        # Else there would be variables for all other engines.
        "enableServiceLinks": False,
        "nodeSelector": {"kubernetes.io/hostname": export.node_document.hostname(process.node)},
        **({"initContainers": waits} if waits else {}),
        "containers": [container],
        "resourceClaims": [{"name": _CLAIM, "resourceClaimName": label_name(engine.group)}],
        # The processes of an engine hand tensors to each other through it.
        "volumes": [{"name": "shared-memory", "emptyDir": {"medium": "Memory"}}],
    }
    return _deployed(options, label_name(engine.name), pod)


def _health_probe() -> dict[str, Any]:
    return {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": HEALTH_PERIOD_S}


def _wait_for(export: Export, earlier: str) -> dict[str, Any]:
    """Return a container that ends when an earlier engine on the same devices is ready."""
    engine = export.engine[earlier]
    url = health_url(engine.host, engine.port)
    script = f"until curl --fail --silent {url}; do sleep {HEALTH_PERIOD_S}; done"
    return {
        "name": f"wait-{engine.port}",
        "image": export.options.engine_image,
        "command": ["/bin/sh", "-c", script],
    }


def _deployed(options: ExportOptions, name: str, pod: Manifest) -> Manifest:
    """Return a Deployment of one pod, which ends before the next one begins."""
    metadata = _metadata(options, name)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": metadata["labels"]}, "spec": pod},
        },
    }


def _service(options: ExportOptions, name: str, port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(options, name),
        "spec": {
            "selector": {"app.kubernetes.io/name": name},
            "ports": [{"name": "http", "port": port, "targetPort": "http"}],
        },
    }


def _router(export: Export, router: Mapping[str, bytes]) -> Iterable[Manifest]:
    options = export.options
    name = f"alpaplan-{ROUTER}"
    container = {
        "name": ROUTER,
        "image": options.router_image,
        "command": ["envoy"],
        "args": [without_variables(argument) for argument in router_arguments(options)],
        "ports": [{"name": "http", "containerPort": options.router_port}],
        "readinessProbe": {
            "httpGet": {"path": "/v1/models", "port": "http"},
            "periodSeconds": HEALTH_PERIOD_S,
        },
        # The whole folder: Kubernetes renames a link in it when the ConfigMap changes.
        "volumeMounts": [{"name": "files", "mountPath": options.router_folder, "readOnly": True}],
    }
    pod: Manifest = {
        "containers": [container],
        "volumes": [{"name": "files", "configMap": {"name": name}}],
    }
    if export.router_node is not None:
        hostname = export.node_document.hostname(export.router_node)
        pod = {"nodeSelector": {"kubernetes.io/hostname": hostname}, **pod}
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(options, name),
        "data": {path: content.decode() for path, content in router.items()},
    }
    yield _deployed(options, name, pod)
    yield _service(options, name, options.router_port)


_ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - of a pod, which has no others to hide

KUBERNETES = Target(
    files=_files,
    host_of=_host,
    bind_to=_ALL_ADDRESSES,
    needs_addresses=False,
    needs_uuids=True,
)
