"""Plans with small changes."""

from __future__ import annotations

from typing import Any

from alpaplan.specs.plan import PlanSpec

Plan = dict[str, Any]


def group(name: str, first: int = 0, *models: str) -> Plan:
    """Return a group of two devices."""
    return {
        "name": name,
        "device": "gpu",
        "intra_op": 1,
        "inter_op": 2,
        "devices": [{"node": "n-0", "devices": [first, first + 1]}],
        "replicas": [{"model": model} for model in models],
    }


def record(path: str, digit: str = "a", role: str = "profile") -> Plan:
    return {"role": role, "path": path, "sha256": digit * 64}


def provenance(*inputs: Plan, **more: object) -> Plan:
    made = {"alpaplan": "0.1.0", "method": "auto", "seed": 0, "effort": "medium"}
    return made | {"inputs": inputs or (record("p.yaml"),)} | more


def plan(changes: Plan) -> PlanSpec:
    """Return a plan with changes to its top level."""
    base = {
        "kind": "placement-plan",
        "version": 1,
        "provenance": provenance(),
        "prediction": {"slo_attainment": 0.9},
        "groups": [group("g0", 0, "m0", "m1", "m2")],
        "routing": {"dispatch": "shortest-queue"},
        "models": [{"name": "m0", "profile": "p", "groups": ["g0"]}],
    }
    return PlanSpec.model_validate(base | changes)
