"""Engines that profiles of LLMs were measured with."""

from __future__ import annotations

from typing import ClassVar

import pytest

from alpaplan.analysis.engine_versions import differing_engines, engine_on
from alpaplan.files.profiles import load_profiles
from alpaplan.files.shipped import shipped_profiles
from alpaplan.report.engine_versions import describe_engines
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make


def profile(name: str, source: str | None, *devices: str) -> ModelProfileSpec:
    config = {
        "intra_op": 1,
        "inter_op": 1,
        "stage_weight_bytes": [1],
        "stage_kv_bytes_per_token": [1],
        "stage_step_s": {1: [0.01]},
    }
    return ModelProfileSpec.model_validate(
        {
            "kind": "model-profile",
            "version": 1,
            "name": name,
            "source": source,
            "configs": [{"device": device, **config} for device in devices],
        }
    )


def plan(*groups: tuple[str, list[str]]) -> PlanSpec:
    return PlanSpec.model_validate(
        {
            "kind": "placement-plan",
            "version": 1,
            "groups": [
                {
                    "name": f"g{number}",
                    "device": device,
                    "intra_op": 1,
                    "inter_op": 1,
                    "devices": [{"node": "n-0", "devices": [number]}],
                    "replicas": [{"model": model} for model in models],
                }
                for number, (device, models) in enumerate(groups)
            ],
        }
    )


@pytest.mark.parametrize(
    ("source", "engine"),
    [
        ("measured with vLLM 0.11.2 on a quiet node", "vLLM 0.11.2"),
        ("vllm 0.14.0 on a100, vllm 0.24.0 on h100 and h200", "vLLM 0.24.0"),
        ("vllm 0.14.0 on a100, sglang v0.5.6.post2 otherwise", "SGLang 0.5.6.post2"),
        ("vllm 0.14.0 on h100-pcie", "vLLM 0.14.0"),
        ("TensorRT-LLM 1.0", "TensorRT-LLM 1.0"),
        ("vllm 0.14.0 on a100 alone", None),
        ("measured by us", None),
        (None, None),
    ],
)
def test_finds_the_engine_of_a_device(source: str | None, engine: str | None) -> None:
    assert engine_on(profile("p", source, "a100", "h100", "h200"), "h100") == engine


def test_shipped_profiles_name_theirs() -> None:
    (document,) = load_profiles(shipped_profiles(), ["qwen3-8b"]).values()
    assert engine_on(document.spec, "a100-sxm") == "vLLM 0.14.0"
    assert engine_on(document.spec, "h100-sxm") == engine_on(document.spec, "h200-sxm")
    assert engine_on(document.spec, "h200-sxm") == "vLLM 0.24.0"


class TestOfAPlan:
    profiles: ClassVar = {
        "p": profile("p", "vllm 0.14.0 on a100, vllm 0.24.0 on h100", "a100", "h100"),
        "q": profile("q", "sglang 0.5.6", "h100"),
        "r": profile("r", None, "h100"),
    }
    models = make.workload(
        *(make.llm_model(name, name[0]) for name in ("p0", "p1", "q0", "r0"))
    ).served_models()

    def test_one_engine_is_nothing_to_say(self) -> None:
        made = plan(("h100", ["p0", "p1"]), ("h100", ["p0", "r0"]))
        assert differing_engines(made, self.models, self.profiles) == {}

    def test_two_engines_and_what_they_measured(self) -> None:
        made = plan(("h100", ["p0", "p1"]), ("h100", ["q0"]))
        found = differing_engines(made, self.models, self.profiles)
        assert found == {"vLLM 0.24.0": ["p on h100"], "SGLang 0.5.6": ["q on h100"]}
        assert describe_engines(found) == (
            "the LLM profiles of this plan are of different engines, whose times differ by "
            "software too: vLLM 0.24.0 (p on h100); SGLang 0.5.6 (q on h100)"
        )

    def test_versions_count_on_the_devices_that_are_used(self) -> None:
        made = plan(("h100", ["p0"]), ("a100", ["p0"]))
        found = differing_engines(made, self.models, self.profiles)
        assert found == {"vLLM 0.24.0": ["p on h100"], "vLLM 0.14.0": ["p on a100"]}


def test_only_some_are_named() -> None:
    text = describe_engines({"a": ["1", "2", "3", "4", "5"], "b": ["6"]})
    assert text.endswith("a (1, 2, 3 and 2 more); b (6)")
