"""The JSON Schemas: they take what the specs take, and refuse most of what the specs refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from alpaplan.specs.json_schema import json_schema
from alpaplan.specs.registry import DOCUMENT_KINDS
from tests.conftest import UNDERSTOOD
from tests.files.examples import EXAMPLES

SPOILED = Path(__file__).parents[1] / "files" / "spoiled"

BEYOND_SCHEMAS = {
    "cluster-reserved.yaml",
    "cluster-same-pool.yaml",
    "cluster-default-seqs.yaml",
    "cluster-nan.yaml",
    "layers-batches.yaml",
    "plan-cuts.yaml",
    "plan-device-twice.yaml",
    "plan-same-group.yaml",
    "profile-stages.yaml",
    "profile-activation.yaml",
    "profile-twice.yaml",
    "profile-two-kinds.yaml",
    "workload-impossible-path.yaml",
    "workload-no-trace.yaml",
    "workload-same-name.yaml",
}
"""Spoiled files whose fault lies between fields, or outside of the file."""


def as_editors_see_it(text: str) -> Any:
    """Read YAML as data whose keys are all texts."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def conforms(data: Any) -> bool:
    validator = Draft202012Validator(json_schema(data["kind"]))
    return bool(validator.is_valid(data))


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_examples_conform(kind: str) -> None:
    Draft202012Validator(json_schema(kind)).validate(as_editors_see_it(EXAMPLES[kind]))


def test_shared_cases_conform(shared_cases: Path) -> None:
    validators = {kind: Draft202012Validator(json_schema(kind)) for kind in DOCUMENT_KINDS}
    folders = [case for kind in UNDERSTOOD for case in sorted((shared_cases / kind).glob("*/"))]
    found = [path for folder in folders for path in folder.rglob("*.yaml")]
    paths = [path for path in found if not path.name.startswith("refused-")]
    assert len(paths) > 60
    for path in paths[::3]:
        data = as_editors_see_it(path.read_text())
        validators[data["kind"]].validate(data)


@pytest.mark.parametrize(
    "name",
    sorted(
        path.name
        for path in SPOILED.glob("*.yaml")
        if path.name.startswith(("cluster-", "workload-", "profile-", "layers-", "plan-"))
    ),
)
def test_spoiled_files_do_not_conform(name: str) -> None:
    text = (SPOILED / name).read_text()
    if name in ("cluster-date.yaml", "cluster-clock.yaml"):
        text = text.replace("2024-13-45", "'2024-13-45'").replace("12:30", "'12:30'")
    assert conforms(as_editors_see_it(text)) is (name in BEYOND_SCHEMAS)


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_unknown_and_missing_keys_do_not_conform(kind: str) -> None:
    data = as_editors_see_it(EXAMPLES[kind])
    assert conforms(data)
    assert not conforms(data | {"unknown": 1})
    assert not conforms(data | {"version": 2})
    needed = next(k for k in ("name", "groups", "placements", "models", "nodes") if k in data)
    for key in ("version", needed):
        assert not conforms({other: value for other, value in data.items() if other != key})


@pytest.mark.parametrize(
    ("arrivals", "valid"),
    [
        ({"process": "poisson", "rate_rps": 1}, True),
        ({"process": "poisson"}, False),
        ({"process": "poisson", "rate_rps": 1, "total_rate_rps": 1}, False),
        ({"process": "poisson", "rate_rps": 1, "rate_distribution": "uniform"}, False),
        ({"process": "poisson", "total_rate_rps": 1, "exponent": 1}, False),
        ({"process": "weibull", "rate_rps": 1, "cv": 2}, True),
        ({"process": "weibull", "rate_rps": 1, "cv": 2, "shape": 1}, False),
        ({"process": "weibull", "cv": 2}, False),
        ({"process": "pareto", "total_rate_rps": 1, "shape": 2}, True),
        ({"process": "pareto", "rate_rps": 1}, False),
    ],
)
def test_schema_knows_which_keys_go_together(arrivals: dict[str, object], valid: bool) -> None:
    data = as_editors_see_it(EXAMPLES["workload"])
    data["models"][0]["arrivals"] = arrivals
    assert conforms(data) is valid


@pytest.mark.parametrize("text", ["16GiB", "13.4GB", " 1e3 kB", "5", "1B"])
def test_schema_knows_units(text: str) -> None:
    data = as_editors_see_it(EXAMPLES["cluster"])
    data["node_pools"][0]["device_memory_bytes"] = text
    assert conforms(data)
    data["node_pools"][0]["device_memory_bytes"] = text + "ytes"
    assert not conforms(data)


@pytest.mark.parametrize(
    ("stages", "valid"),
    [
        ([{"layers": [0, 1]}, {"layers": [2, 3]}], True),
        ([{"layers": [0, 1, 2]}], False),
        ([{"layers": [0]}], False),
        ([{"layers": [-1, 0]}], False),
        ([{"first": 0}], False),
    ],
)
def test_schemas_know_the_layers_of_stages(stages: object, valid: bool) -> None:
    profile, plan = (as_editors_see_it(EXAMPLES[k]) for k in ("model-profile", "placement-plan"))
    profile["configs"][0]["stages"] = stages
    plan["groups"][0]["replicas"][0]["stages"] = stages
    assert conforms(profile) is valid
    assert conforms(plan) is valid


def test_fields_are_described_for_editors() -> None:
    properties = json_schema("workload")["$defs"]["ModelEntry"]["properties"]
    assert "deadline" in properties["slo_s"]["description"]
    assert "title" not in properties["slo_s"]
