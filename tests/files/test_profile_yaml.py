"""Profiles as text, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.document import load_any, load_document
from alpaplan.files.profile_yaml import profile_to_yaml
from alpaplan.specs.fields import MIN_QUANTITY
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.profile import ModelProfileSpec
from tests.files.examples import LAYER_PROFILE, MODEL_PROFILE

MODEL_TEXT = """\
kind: model-profile
version: 1
name: p
source: measured by nobody
configs:
- device: v100-16gb
  intra_op: 1
  inter_op: 2
  stage_weight_bytes: [600MB, 600MB]
  stage_latency_s:
    1: [0.038, 0.039]
    2: [0.059, 0.06]
  stage_activation_bytes:
    1: [1MB, 0]
    2: [2MB, 0]
  stages:
  - {layers: [0, 11]}
  - {layers: [12, 23]}
"""

LAYER_TEXT = """\
kind: layer-profile
version: 1
name: l
source: measured by nobody
device: v100-16gb
link: {latency_s: 1.0e-05, bandwidth_bytes_per_s: 12000MB}
layers:
- name: block-0
  weight_bytes: 160MB
  latency_s:
    1: {1: 0.0074, 2: 0.011}
    2: {1: 0.0041, 2: 0.006}
  output_bytes: {1: 4MB, 2: 8MB}
  activation_bytes: {1: 20MB, 2: 40MB}
"""

BYTES = st.integers(1, 10**18) | st.integers(1, 10**6).map(lambda count: count * 10**6)
SECONDS = st.floats(MIN_QUANTITY, 1e17)


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    inter_op = draw(st.integers(1, 20))
    per_stage: dict[str, Any] = {"min_size": inter_op, "max_size": inter_op}
    sizes = draw(st.sets(st.integers(1, 1000), max_size=2)) | {1}
    config = {
        "device": draw(st.sampled_from(["gpu", "a b", "1e3", "no"])),
        "intra_op": draw(st.integers(1, 4096)),
        "inter_op": inter_op,
        "stage_weight_bytes": draw(st.lists(BYTES, **per_stage)),
        "stage_latency_s": {size: draw(st.lists(SECONDS, **per_stage)) for size in sizes},
    }
    if draw(st.booleans()):
        activations = st.lists(BYTES | st.just(0), **per_stage)
        config["stage_activation_bytes"] = {size: draw(activations) for size in sizes}
    if draw(st.booleans()):
        lengths = draw(st.lists(st.integers(1, 50), **per_stage))
        lasts = [sum(lengths[: stage + 1]) - 1 for stage in range(inter_op)]
        firsts = [0, *(last + 1 for last in lasts)]
        config["stages"] = [{"layers": list(pair)} for pair in zip(firsts, lasts, strict=False)]
    return config


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that each example of a property test writes again."""
    return tmp_path_factory.mktemp("scratch") / "profile.yaml"


def test_layout() -> None:
    model = ModelProfileSpec.model_validate(yaml.safe_load(MODEL_PROFILE))
    assert profile_to_yaml(model) == MODEL_TEXT
    layers = LayerProfileSpec.model_validate(yaml.safe_load(LAYER_PROFILE))
    assert profile_to_yaml(layers) == LAYER_TEXT


def test_layers_load_back_equal(scratch: Path) -> None:
    layers = LayerProfileSpec.model_validate(yaml.safe_load(LAYER_PROFILE))
    scratch.write_text(profile_to_yaml(layers), encoding="utf-8")
    assert load_document(scratch, LayerProfileSpec).spec == layers


@given(config=configs(), source=st.none() | st.text(st.characters(codec="ascii"), max_size=200))
def test_loads_back_equal(scratch: Path, config: dict[str, Any], source: str | None) -> None:
    data = {"kind": "model-profile", "version": 1, "name": "p", "configs": [config]}
    profile = ModelProfileSpec.model_validate(data | {"source": source})
    scratch.write_text(profile_to_yaml(profile), encoding="utf-8", newline="")
    assert load_document(scratch, ModelProfileSpec).spec == profile


@pytest.mark.slow
def test_shipped_profiles_load_back_equal(scratch: Path, repository: Path) -> None:
    for path in sorted((repository / "profiles").glob("**/*.yaml")):
        shipped = load_any(path).spec
        assert isinstance(shipped, ModelProfileSpec | LayerProfileSpec)
        scratch.write_text(profile_to_yaml(shipped), encoding="utf-8")
        assert load_any(scratch).spec == shipped
