"""A profile written as YAML is the same profile again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.document import load_document
from alpaplan.files.profile_yaml import profile_to_yaml
from alpaplan.files.yaml_tree import parse_yaml
from alpaplan.specs.profile import ModelProfileSpec

SECONDS = st.floats(1e-9, 1e6)
BYTES = st.integers(1, 10**15) | st.integers(1, 10**6).map(lambda megabytes: megabytes * 10**6)


@st.composite
def configs(draw: st.DrawFn, inter_op: int) -> dict[str, Any]:
    def each_stage(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(values, min_size=inter_op, max_size=inter_op)

    sizes = [1, *draw(st.lists(st.integers(2, 512), unique=True, max_size=3))]
    config: dict[str, Any] = {
        "device": draw(st.sampled_from(["v100-16gb", "on", "1e3", "a: b"])),
        "intra_op": draw(st.integers(1, 4096)),
        "inter_op": inter_op,
        "stage_weight_bytes": draw(each_stage(BYTES)),
        "stage_latency_s": {size: draw(each_stage(SECONDS)) for size in sizes},
    }
    if draw(st.booleans()):
        config["stage_activation_bytes"] = {
            size: draw(each_stage(st.just(0) | BYTES)) for size in sizes
        }
    return config


@given(
    st.integers(1, 20).flatmap(configs),
    st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
def test_reads_back_as_the_same_profile(config: dict[str, Any], source: str | None) -> None:
    document = {"kind": "model-profile", "version": 1, "name": "on", "configs": [config]}
    profile = ModelProfileSpec.model_validate(document | {"source": source})
    text = profile_to_yaml(profile)
    root, problems = parse_yaml(text)
    assert problems == []
    assert ModelProfileSpec.model_validate(root.value) == profile


def test_shipped_profiles_read_back(repository: Path) -> None:
    for path in sorted((repository / "profiles").glob("*.yaml")):
        profile = load_document(path, ModelProfileSpec).spec
        root, _ = parse_yaml(profile_to_yaml(profile))
        assert ModelProfileSpec.model_validate(root.value) == profile


def test_megabytes_are_written_where_they_are_whole() -> None:
    config = {
        "device": "d",
        "intra_op": 1,
        "inter_op": 2,
        "stage_weight_bytes": ["2GB", 1_500_001],
        "stage_latency_s": {1: ["10ms", 0.02]},
        "stage_activation_bytes": {1: [0, "3MB"]},
    }
    document = {"kind": "model-profile", "version": 1, "name": "p", "configs": [config]}
    assert profile_to_yaml(ModelProfileSpec.model_validate(document)) == (
        "kind: model-profile\n"
        "version: 1\n"
        "name: p\n"
        "configs:\n"
        "- device: d\n"
        "  intra_op: 1\n"
        "  inter_op: 2\n"
        "  stage_weight_bytes: [2000MB, 1500001]\n"
        "  stage_latency_s: {1: [0.01, 0.02]}\n"
        "  stage_activation_bytes: {1: [0, 3MB]}\n"
    )
