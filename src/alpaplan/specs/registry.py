"""The kinds of documents there are, and the JSON Schema of each."""

from __future__ import annotations

from typing import Any

from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import WorkloadSpec

DocumentSpec = ClusterSpec | WorkloadSpec | ModelProfileSpec | LayerProfileSpec | PlanSpec

DOCUMENT_KINDS: dict[str, type[DocumentSpec]] = {
    "model-profile": ModelProfileSpec,
    "cluster": ClusterSpec,
    "workload": WorkloadSpec,
    "layer-profile": LayerProfileSpec,
    "placement-plan": PlanSpec,
}
"""Value of a document's ``kind`` -> its specification."""


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one kind of document."""
    schema = DOCUMENT_KINDS[kind].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
