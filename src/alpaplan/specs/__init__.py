"""What the files say: frozen, validated documents. No input or output happens here."""

from alpaplan.specs.cluster import ClusterSpec, Dispatch, NodePool, Serving
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.registry import DOCUMENT_KINDS, DocumentSpec, json_schema
from alpaplan.specs.workload import ServedModel, WorkloadSpec

__all__ = [
    "DOCUMENT_KINDS",
    "ClusterSpec",
    "Dispatch",
    "DocumentSpec",
    "LayerProfileSpec",
    "ModelProfileSpec",
    "NodePool",
    "PlanSpec",
    "ProfiledConfig",
    "ServedModel",
    "Serving",
    "WorkloadSpec",
    "json_schema",
]
