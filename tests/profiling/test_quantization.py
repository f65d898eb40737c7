"""What checkpoints say of their quantization, and what follows for shards and bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.blocks import block_weight_bytes
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype, Groups
from alpaplan.profiling.parts import Part
from alpaplan.profiling.quantization import (
    Quantization,
    UnsupportedQuantizationError,
    quantization_of,
)
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import VLLM_2025
from tests.profiling.transformers import DECODER, EXPERTS, MIXTURE, SPARSE

H100 = Roofline(DEVICES["h100-sxm"], Dtype.FP8, VLLM_2025)


def test_groups_of_their_own_size_have_their_own_scales() -> None:
    settings = {"quant_method": "gptq", "bits": 4, "group_size": 32}
    assert quantization_of(settings).groups == Groups(32)
    symmetric = groups(num_bits=4, type="int", group_size=32, symmetric=True)
    assert quantization_of(symmetric).groups == Groups(32, zero_points=False)
    int4 = replace(H100, dtype=Dtype.INT4, groups=Groups(32))
    assert int4.weights_bytes(64) == 32 + 2 * 2 + 1
    assert replace(int4, groups=Groups()).weights_bytes(128) == 64 + 2 + 1
    assert int4.unquantized.weights_bytes(64) == 128


def groups(**weights: object) -> dict[str, Any]:
    return {
        "quant_method": "compressed-tensors",
        "config_groups": {"group_0": {"weights": weights}},
    }


@pytest.mark.parametrize(
    ("settings", "dtype", "block_shape"),
    [
        ({"quant_method": "fp8"}, Dtype.FP8, (0, 0)),
        ({"quant_method": "fp8", "weight_block_size": [128, 64]}, Dtype.FP8, (128, 64)),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, Dtype.INT4, (0, 128)),
        ({"quant_method": "gptq", "bits": 4, "group_size": -1}, Dtype.INT4, (0, 0)),
        ({"quant_method": "mxfp4"}, Dtype.MXFP4, (0, 0)),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, Dtype.NVFP4, (0, 0)),
        (groups(num_bits=8, type="float"), Dtype.FP8, (0, 0)),
        (groups(num_bits=4, type="int", group_size=32), Dtype.INT4, (0, 32)),
        (groups(num_bits=4, type="float", group_size=16), Dtype.NVFP4, (0, 0)),
        (groups(num_bits=4, type="float", group_size=32), Dtype.MXFP4, (0, 0)),
    ],
)
def test_formats(settings: dict[str, Any], dtype: Dtype, block_shape: tuple[int, int]) -> None:
    found = quantization_of(settings)
    assert (found.dtype, found.block_shape) == (dtype, block_shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "by bitsandbytes"),
        ({"quant_method": "awq", "bits": 8}, "by awq"),
        ({"quant_algo": "MIXED_PRECISION"}, "by MIXED_PRECISION"),
        ({}, ""),
        (
            {
                "config_groups": {
                    "a": {"weights": {"num_bits": 4, "type": "int"}},
                    "b": {"weights": {"num_bits": 8, "type": "float"}},
                }
            },
            "in several formats",
        ),
    ],
)
def test_what_has_no_format(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedQuantizationError) as raised:
        quantization_of(settings)
    assert str(raised.value) == message


def test_keys_and_values_stay_wide_and_that_is_said() -> None:
    settings = {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}
    (note,) = quantization_of(settings).marked(DECODER).notes
    assert note.startswith("Keys and values are counted in 16 bits")
    assert quantization_of({"quant_algo": "FP8"}).marked(DECODER) == DECODER


class TestShards:
    """`SPARSE` has 16 heads of 64, 4 of keys, experts of 2048 and a shared one of 1024."""

    @pytest.mark.parametrize(
        ("block_shape", "possible"),
        [
            ((0, 0), [1, 2, 4, 8, 16]),
            ((128, 128), [1, 2]),  # a key head of 64 is no block of 128
            ((64, 64), [1, 2, 4, 8, 16]),
            ((0, 128), [1, 2, 4, 8]),  # groups along the inputs: those that are shared
            ((0, 256), [1, 2, 4]),
        ],
    )
    def test_are_whole_blocks(self, block_shape: tuple[int, int], possible: list[int]) -> None:
        found = Quantization(Dtype.FP8, block_shape=block_shape)
        assert [n for n in (1, 2, 4, 8, 16) if found.misfit(MIXTURE, n) is None] == possible

    def test_reason(self) -> None:
        model = replace(DECODER, blocks=(SPARSE,))
        assert Quantization(Dtype.FP8, block_shape=(0, 256)).misfit(model, 8) == (
            "intermediate width of the shared expert per device is 128, which is not a multiple of "
            "the quantization block size, 256"
        )

    def test_parts_that_are_not_quantized_are_in_no_blocks(self) -> None:
        quantization = Quantization(
            Dtype.FP8, block_shape=(128, 128), excluded=("re:.*self_attn.*",)
        )
        model = quantization.marked(MIXTURE)
        assert [n for n in (1, 2, 4, 8, 16) if quantization.misfit(model, n) is None] == [
            1,
            2,
            4,
            8,
        ]


class TestExcluded:
    @pytest.mark.parametrize(
        ("pattern", "parts"),
        [
            ("lm_head", set()),
            ("gate", set()),
            ("model.layers.0.mlp.gate", set()),
            ("model.layers.0.self_attn*", {Part.MIXER}),
            ("language_model.model.layers.0.self_attn.q_proj", {Part.MIXER}),
            ("model.layers.*.self_attn", {Part.MIXER}),
            ("re:.*self_attn.*", {Part.MIXER}),
            ("model.layers.0.mlp.shared_experts*", {Part.SHARED}),
            ("*.mlp.shared_expert.*", {Part.SHARED}),
            ("model.layers.0*", {Part.MIXER, Part.EXPERTS, Part.SHARED}),
            ("model.layers.10*", set()),
            (r"re:.*mlp\.(gate|up|gate_up|down)_proj.*", set()),
            ("re:(", set()),
            ("re:(a+)+b", set()),
            ("mtp.layers.0*", set()),
            ("visual.layers.0.mlp*", set()),
        ],
    )
    def test_patterns(self, pattern: str, parts: set[Part]) -> None:
        assert first(pattern, MIXTURE) == parts

    def test_dense_layers_are_no_experts(self) -> None:
        assert first(r"re:.*mlp\.(gate|up|gate_up|down)_proj.*", DECODER) == {Part.MLP}
        assert first("model.layers.0.mlp.down_proj", DECODER) == {Part.MLP}

    def test_a_layer_beside_experts_has_its_own_name(self) -> None:
        experts = replace(EXPERTS, shared_is_own=True)
        model = replace(DECODER, blocks=(replace(SPARSE, mlp=experts),))
        assert first("model.language_model.layers.0.mlp*", model) == {Part.SHARED}
        assert first("model.language_model.layers.0.experts*", model) == {Part.EXPERTS}

    def test_bytes(self) -> None:
        attention, routed, shared = SPARSE.parameters_by_part(1024).values()
        mixed = replace(SPARSE, unquantized=frozenset({Part.MIXER, Part.SHARED}))
        assert block_weight_bytes(mixed, 1024, H100) == (2 * attention + routed + 2 * shared)


def first(pattern: str, model: Transformer) -> set[Part]:
    return set(Quantization(Dtype.FP8, excluded=(pattern,)).marked(model).blocks[0].unquantized)
