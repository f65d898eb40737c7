from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.document import load_document
from alpaplan.files.plan_yaml import plan_to_yaml
from alpaplan.specs.fields import is_name
from alpaplan.specs.plan import PlanSpec
from tests.files.examples import PLAN

EXPECTED = """\
kind: placement-plan
version: 1
provenance:
  alpaplan: 0.1.0
  method: auto
  seed: 0
  inputs:
  - {role: cluster, path: cluster.yaml, sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}
prediction:
  slo_attainment: 0.98
  confidence_interval_95: [0.97, 0.99]
groups:
- name: g0
  device: v100-16gb
  intra_op: 2
  inter_op: 2
  devices:
  - {node: p3-0, devices: [0, 1, 2, 3]}
  replicas:
  - {model: a, stages: [{layers: [0, 11]}, {layers: [12, 23]}], max_batch_size: 2}
unused_devices:
- {node: p3-0, devices: [4, 5, 6, 7]}
routing: {dispatch: shortest-queue}
models:
- {name: a, profile: p, slo_s: 0.5, groups: [g0]}
"""  # noqa: E501

NAMES = st.text(min_size=1, max_size=6).filter(is_name) | st.sampled_from(
    ["on", "y", "1e3", "12:30", "~", "0o7", "a: b", "#", "-", "a\ufeff"]
)
FRACTIONS = st.floats(0, 1)
SECONDS = st.floats(0, 1e17)
NODE_DEVICES = st.fixed_dictionaries(
    {"node": NAMES, "devices": st.lists(st.integers(0, 1023), min_size=1, unique=True, max_size=9)}
)
GROUPS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "device": NAMES,
        "intra_op": st.integers(1, 8),
        "inter_op": st.integers(1, 8),
        "devices": st.lists(NODE_DEVICES, min_size=1, max_size=2, unique_by=lambda d: d["node"]),
    },
    optional={
        "replicas": st.lists(
            st.fixed_dictionaries(
                {"model": NAMES}, optional={"max_batch_size": st.integers(1, 10**6)}
            ),
            max_size=3,
            unique_by=lambda replica: replica["model"],
        )
    },
)
PLANS = st.fixed_dictionaries(
    {
        "kind": st.just("placement-plan"),
        "version": st.just(1),
        "groups": st.lists(GROUPS, max_size=3, unique_by=lambda group: group["name"]),
    },
    optional={
        "provenance": st.fixed_dictionaries(
            {"alpaplan": NAMES, "method": NAMES, "seed": st.integers(0, 2**63)}
        ),
        "prediction": st.fixed_dictionaries(
            {"slo_attainment": FRACTIONS},
            optional={
                "goodput_rps": SECONDS,
                "latency_s": st.fixed_dictionaries(
                    dict.fromkeys(["mean", "p50", "p90", "p99"], SECONDS)
                ),
            },
        ),
        "unused_devices": st.lists(NODE_DEVICES, max_size=2),
        "routing": st.just({"dispatch": "earliest-finish"}),
        "models": st.lists(
            st.fixed_dictionaries(
                {"name": NAMES, "profile": NAMES, "groups": st.lists(NAMES, max_size=3)}
            ),
            max_size=3,
        ),
    },
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that each example of a property test writes again."""
    return tmp_path_factory.mktemp("scratch") / "plan.yaml"


def test_layout() -> None:
    assert plan_to_yaml(PlanSpec.model_validate(yaml.safe_load(PLAN))) == EXPECTED


def test_long_rows_are_not_wrapped() -> None:
    groups = [f"group-{number}" for number in range(200)]
    model = {"name": "m", "profile": "p", "groups": groups}
    document = {"kind": "placement-plan", "version": 1, "groups": [], "models": [model]}
    text = plan_to_yaml(PlanSpec.model_validate(document))
    assert text.splitlines()[2] == "groups: []"
    assert text.splitlines()[-1].endswith("group-199]}")


@pytest.mark.slow
@given(data=PLANS)
def test_loads_back_equal(scratch: Path, data: dict[str, Any]) -> None:
    plan = PlanSpec.model_validate(data)
    text = plan_to_yaml(plan)
    scratch.write_text(text, encoding="utf-8")
    assert load_document(scratch, PlanSpec).spec == plan
    assert PlanSpec.model_validate(yaml.safe_load(text)) == plan


@pytest.mark.parametrize(
    "name", ["on", "No", "y", "N", "1e3", "12e345", "12:30", "0o17", "0x1f", "1_0", "~", ".5", "1."]
)
def test_texts_that_some_yaml_misreads_are_quoted(name: str) -> None:
    group = {"name": name, "device": "d", "intra_op": 1, "inter_op": 1}
    group |= {"devices": [{"node": "n", "devices": [0]}]}
    document = {"kind": "placement-plan", "version": 1, "groups": [group]}
    assert f"- name: '{name}'\n" in plan_to_yaml(PlanSpec.model_validate(document))
