"""What stands behind the blocks, by the class that a configuration names."""

from __future__ import annotations

from typing import Any

import pytest

from alpaplan.profiling.blocks import head_activation_bytes, head_s
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import VLLM_2025
from tests.profiling.published import BERT, HEADS, LLAMA_8B

H100 = Roofline(DEVICES["h100-sxm"], Dtype.BF16, VLLM_2025)


def named(config: dict[str, Any], name: str, **more: object) -> dict[str, Any]:
    return config | {"architectures": [name]} | more


@pytest.mark.parametrize(("config", "name", "num_labels", "size"), HEADS)
def test_sizes(config: dict[str, Any], name: str, num_labels: int, size: int) -> None:
    named_config = named(config, name, num_labels=num_labels)
    assert transformer_of(named_config).num_parameters == size
    labels = {str(label): "x" for label in range(num_labels)}
    assert transformer_of(named(config, name, id2label=labels)).num_parameters == size


def test_without_a_name_decoders_score_the_vocabulary_and_encoders_do_not() -> None:
    assert transformer_of(LLAMA_8B).head.num_scores == 128256
    assert transformer_of(BERT) == transformer_of(named(BERT, "BertModel"))


def test_a_class_that_says_nothing_is_noted() -> None:
    found = transformer_of(named(LLAMA_8B, "LlamaForCausalLMEagle"))
    assert found.head == transformer_of(LLAMA_8B).head
    assert found.notes == (
        "What 'LlamaForCausalLMEagle' computes is not known; taken to be scores of the vocabulary.",
    )


def test_time_and_memory_follow_what_is_scored() -> None:
    prefill = Prefill(2, 500, 1)
    bare, last, each = (
        transformer_of(named(BERT, name))
        for name in ("BertModel", "BertLMHeadModel", "BertForMaskedLM")
    )
    norm_s = head_s(bare, prefill, H100)
    assert head_s(last, prefill, H100) - norm_s == pytest.approx(H100.matmul_s(2, 30522, 768))
    assert head_s(each, prefill, H100) - norm_s == pytest.approx(
        H100.matmul_s(1000, 30522, 768) + H100.matmul_s(1000, 768, 768)
    )
    found = [head_activation_bytes(model, prefill, Dtype.BF16) for model in (bare, last, each)]
    assert found == [1000 * 2 * width for width in (1536, 1536, 1536 + 30522)]
