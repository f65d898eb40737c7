"""The kinds of documents there are: a module and a line here add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaplan.registry import Entry, Registry

if TYPE_CHECKING:
    from alpaplan.specs.cluster import ClusterSpec
    from alpaplan.specs.device import DeviceSpec
    from alpaplan.specs.export import ExportModelsSpec, ExportNodesSpec
    from alpaplan.specs.layers import LayerProfileSpec
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.specs.profile import ModelProfileSpec
    from alpaplan.specs.schedule import ScheduleSpec
    from alpaplan.specs.workload import WorkloadSpec

    DocumentSpec = (
        ClusterSpec
        | WorkloadSpec
        | ModelProfileSpec
        | LayerProfileSpec
        | DeviceSpec
        | PlanSpec
        | ScheduleSpec
        | ExportModelsSpec
        | ExportNodesSpec
    )

_PACKAGE = "alpaplan.specs"

DOCUMENT_KINDS: Registry[type[DocumentSpec]] = Registry(
    {
        "model-profile": Entry(
            f"{_PACKAGE}.profile:ModelProfileSpec",
            "latency and memory of a model in each parallel configuration",
        ),
        "cluster": Entry(f"{_PACKAGE}.cluster:ClusterSpec", "nodes, devices and their memory"),
        "workload": Entry(
            f"{_PACKAGE}.workload:WorkloadSpec", "models to serve, their objectives and arrivals"
        ),
        "layer-profile": Entry(
            f"{_PACKAGE}.layers:LayerProfileSpec", "latency and memory of each layer of a model"
        ),
        "device": Entry(
            f"{_PACKAGE}.device:DeviceSpec", "memory, speed and links of a device type"
        ),
        "placement-plan": Entry(
            f"{_PACKAGE}.plan:PlanSpec", "groups of devices and the models on each"
        ),
        "placement-schedule": Entry(
            f"{_PACKAGE}.schedule:ScheduleSpec", "placements that follow each other over time"
        ),
        "export-models": Entry(
            f"{_PACKAGE}.export:ExportModelsSpec", "what engines load, for exports"
        ),
        "export-nodes": Entry(
            f"{_PACKAGE}.export:ExportNodesSpec", "addresses and device UUIDs of nodes, for exports"
        ),
    },
    what="kind",
)
"""Value of a document's ``kind`` -> its specification."""
