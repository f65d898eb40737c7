"""Configurations to architectures: sizes that are published, and everything that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alpaplan.errors import SpecError
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.config_format import checkpoint_format
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.family_table import FAMILIES
from alpaplan.profiling.feed_forward import Experts
from alpaplan.profiling.model_config import transformer_of
from tests.profiling.published_families import FAMILIES as NEWER

DTYPES = "float32, float16, bfloat16, float8_e4m3fn"

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "intermediate_size": 11008,
    "vocab_size": 32000,
}

SHIPPED = {
    "bert-large-uncased": 335_141_888,
    "bloom-176b": 176_247_271_424,
    "llama-2-70b": 68_976_648_192,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "opt-13b": 12_853_473_280,
    "opt-66b": 65_719_185_408,
    "qwen3-0.6b": 596_049_920,
    "qwen3-1.7b": 1_720_574_976,
    "qwen3-8b": 8_190_735_360,
    "qwen3-30b-a3b": 30_532_122_624,
    "qwen3-32b": 32_762_123_264,
}
"""Parameters of the published checkpoints."""

OTHERS: dict[str, tuple[dict[str, Any], int]] = {
    "llama-2-7b": (LLAMA, 6_738_415_616),
    "gpt2": (
        {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024}
        | {"vocab_size": 50257},
        124_439_808,
    ),
    "qwen2.5-7b": (
        LLAMA
        | {"model_type": "qwen2", "num_hidden_layers": 28, "hidden_size": 3584}
        | {"num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944}
        | {"vocab_size": 152064},
        7_615_616_512,
    ),
    "qwen1.5-moe-a2.7b": (
        LLAMA
        | {"model_type": "qwen2_moe", "num_hidden_layers": 24, "hidden_size": 2048}
        | {"num_attention_heads": 16, "intermediate_size": 5632, "num_experts": 60}
        | {"num_experts_per_tok": 4, "moe_intermediate_size": 1408, "vocab_size": 151936}
        | {"shared_expert_intermediate_size": 5632},
        14_315_784_192,
    ),
    "gemma-7b": (
        LLAMA
        | {"model_type": "gemma", "num_hidden_layers": 28, "hidden_size": 3072}
        | {"num_attention_heads": 16, "intermediate_size": 24576, "vocab_size": 256000},
        8_537_680_896,
    ),
    "gemma-2-9b": (
        LLAMA
        | {"model_type": "gemma2", "num_hidden_layers": 42, "hidden_size": 3584}
        | {"num_attention_heads": 16, "num_key_value_heads": 8, "intermediate_size": 14336}
        | {"vocab_size": 256000},
        9_241_705_984,
    ),
    "phi-3-mini": (
        LLAMA
        | {"model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192}
        | {"vocab_size": 32064},
        3_821_079_552,
    ),
    "starcoder2-3b": (
        LLAMA
        | {"model_type": "starcoder2", "num_hidden_layers": 30, "hidden_size": 3072}
        | {"num_attention_heads": 24, "num_key_value_heads": 2, "intermediate_size": 12288}
        | {"vocab_size": 49152},
        3_030_371_328,
    ),
    "opt-350m": (
        LLAMA
        | {"model_type": "opt", "num_hidden_layers": 24, "hidden_size": 1024, "ffn_dim": 4096}
        | {"num_attention_heads": 16, "vocab_size": 50272, "max_position_embeddings": 2048}
        | {"word_embed_proj_dim": 512},
        331_196_416,
    ),
    "roberta-large": (
        LLAMA
        | {"model_type": "roberta", "num_hidden_layers": 24, "hidden_size": 1024}
        | {"num_attention_heads": 16, "intermediate_size": 4096, "vocab_size": 50265}
        | {"max_position_embeddings": 514, "type_vocab_size": 1},
        355_359_744,
    ),
    "distilbert": (
        {"model_type": "distilbert", "n_layers": 6, "dim": 768, "n_heads": 12}
        | {"hidden_dim": 3072, "vocab_size": 30522, "max_position_embeddings": 512},
        66_362_880,
    ),
}
"""Further configurations, and parameters of the published checkpoints."""


def shipped(name: str, repository: Path) -> Transformer:
    text = (repository / "profiles" / "configs" / f"{name}.json").read_text(encoding="utf-8")
    return transformer_of(json.loads(text))


def attention_of(config: dict[str, Any]) -> Attention:
    mixer = transformer_of(config).blocks[0].mixer
    assert isinstance(mixer, Attention)
    return mixer


def complaints(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return everything that is wrong with a configuration: place and message."""
    with pytest.raises(SpecError) as raised:
        transformer_of(config)
    assert raised.value.role == "config"
    return [(".".join(map(str, i.where)), i.message) for i in raised.value.issues]


class TestSizes:
    @pytest.mark.parametrize("name", SHIPPED)
    def test_of_shipped_configurations(self, name: str, repository: Path) -> None:
        assert shipped(name, repository).num_parameters == pytest.approx(SHIPPED[name], rel=1e-4)

    def test_every_shipped_configuration_is_held_to_its_size(self, repository: Path) -> None:
        names = {path.stem for path in (repository / "profiles" / "configs").iterdir()}
        assert names == set(SHIPPED)

    @pytest.mark.parametrize("name", OTHERS)
    def test_of_other_families(self, name: str) -> None:
        config, published = OTHERS[name]
        assert transformer_of(config).num_parameters == pytest.approx(published, rel=5e-3)

    def test_every_family_has_a_size_to_hold(self, repository: Path) -> None:
        held = {shipped(name, repository).model_type for name in SHIPPED}
        held |= {transformer_of(config).model_type for config, _ in OTHERS.values()}
        held |= {transformer_of(config).model_type for config, _ in NEWER.values()}
        same = {"qwen2_5_vl": "qwen2", "qwen3_vl_text": "qwen3", "qwen3_vl_moe_text": "qwen3_moe"}
        same |= {"xlm-roberta": "roberta"} | dict.fromkeys(("qwen2_vl", "qwen2_vl_text"), "qwen2")
        same |= {"qwen2_5_vl_text": "qwen2", "mimo": "qwen2", "ministral3": "mistral"}
        same |= {"minimax_m3": "minimax_m3_vl_text"}
        for name, other in same.items():
            assert FAMILIES[name] == FAMILIES[other]
        # Gemma 3 is held with its tower, and ERNIE 4.5 with its experts.
        assert set(FAMILIES) - set(same) - held == {"gemma3_text", "ernie4_5", "nemotron-nas"}


class TestReading:
    def test_heads_of_keys_and_values_are_as_many_as_of_queries_by_default(self) -> None:
        attention = attention_of(LLAMA)
        assert (attention.num_heads, attention.num_kv_heads, attention.head_dim) == (32, 32, 128)

    def test_a_head_can_be_wider_than_the_hidden_size_divided(self) -> None:
        attention = attention_of(LLAMA | {"head_dim": 256})
        assert attention.query_width == 8192

    def test_null_is_as_good_as_absent(self) -> None:
        assert transformer_of(LLAMA | {"head_dim": None}) == transformer_of(LLAMA)

    def test_text_part_of_a_model_for_several_kinds_of_input(self) -> None:
        outer = {"model_type": "llava", "text_config": LLAMA, "tie_word_embeddings": True}
        assert transformer_of(outer).head.tied
        assert transformer_of(outer).blocks == transformer_of(LLAMA).blocks

    def test_a_nested_configuration_leaves_out_what_its_class_assumes(self) -> None:
        outer = {"model_type": "gemma3", "text_config": {"hidden_size": 2560}}
        found = transformer_of(outer)
        attention = attention_of(outer)
        assert (attention.num_heads, attention.num_kv_heads, attention.head_dim) == (8, 4, 256)
        assert (len(found.blocks), found.vocab_size, attention.window) == (26, 262208, 4096)
        unlimited = {"model_type": "gemma3", "text_config": {"sliding_window": None}}
        assert attention_of(unlimited).window is None

    def test_dense_blocks_among_experts(self) -> None:
        config = OTHERS["qwen1.5-moe-a2.7b"][0] | {"mlp_only_layers": [0, 3]}
        sparse = [isinstance(block.mlp, Experts) for block in transformer_of(config).blocks]
        assert [layer for layer, is_sparse in enumerate(sparse) if not is_sparse] == [0, 3]
        every_second = transformer_of(config | {"decoder_sparse_step": 2}).blocks
        assert sum(isinstance(block.mlp, Experts) for block in every_second) == 11

    @pytest.mark.parametrize(
        ("change", "windowed"),
        [
            ({"model_type": "mistral", "sliding_window": 4096}, [0, 1, 2, 3, 4, 5, 6, 7]),
            ({"model_type": "mistral", "sliding_window": None}, []),
            ({"model_type": "qwen2", "sliding_window": 4096}, []),
            (
                {"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": True}
                | {"max_window_layers": 6},
                [6, 7],
            ),
            ({"model_type": "gemma2", "sliding_window": 4096}, [0, 2, 4, 6]),
            ({"model_type": "gemma3_text", "sliding_window": 512}, [0, 1, 2, 3, 4, 6, 7]),
            (
                {"model_type": "qwen3", "sliding_window": 512}
                | {"layer_types": ["full_attention"] * 7 + ["sliding_attention"]},
                [7],
            ),
        ],
    )
    def test_windows(self, change: dict[str, Any], windowed: list[int]) -> None:
        blocks = transformer_of(LLAMA | {"num_hidden_layers": 8} | change).blocks
        windows = [block.mixer and block.mixer.window for block in blocks]
        found = [n for n, window in enumerate(windows) if window is not None]
        assert found == windowed
        assert {windows[n] for n in found} <= {change["sliding_window"]}


class TestLongestPrompt:
    YARN: ClassVar = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}

    @pytest.mark.parametrize(
        ("change", "longest"),
        [
            ({}, None),
            ({"max_position_embeddings": 2048}, 2048),
            ({"model_type": "bloom", "max_position_embeddings": 2048}, None),
            # Positions of RoBERTa count from behind the padding token's.
            ({"model_type": "roberta", "max_position_embeddings": 514}, 512),
            ({"model_type": "xlm-roberta", "max_position_embeddings": 8194}, 8192),
            ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 0}, 513),
            ({"model_type": "bert", "max_position_embeddings": 512}, 512),
            ({"max_position_embeddings": 40960, "rope_scaling": YARN}, 131072),
            (
                {"max_position_embeddings": 32768}
                | {"rope_scaling": {"type": "linear", "factor": 2.0}},
                65536,
            ),
            (
                {"max_position_embeddings": 32768}
                | {"rope_scaling": {"type": "linear", "factor": float("inf")}},
                32768,
            ),
            (
                {"max_position_embeddings": 131072}
                | {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
                131072,
            ),
        ],
    )
    def test_is_what_positions_allow(self, change: dict[str, Any], longest: int | None) -> None:
        assert transformer_of(LLAMA | change).max_input_len == longest


class TestNumberFormat:
    @pytest.mark.parametrize(
        ("config", "dtype"),
        [
            ({"torch_dtype": "bfloat16"}, Dtype.BF16),
            ({"dtype": "float16"}, Dtype.FP16),
            ({"torch_dtype": "torch.float32"}, Dtype.FP32),
            ({"text_config": {"model_type": "llama"}, "torch_dtype": "bfloat16"}, Dtype.BF16),
            ({"text_config": {"dtype": "float16"}, "torch_dtype": "bfloat16"}, Dtype.FP16),
        ],
    )
    def test_is_that_of_the_checkpoint(self, config: dict[str, Any], dtype: Dtype) -> None:
        assert checkpoint_format(config) == (dtype, None)

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ({}, "missing key 'torch_dtype'; give --dtype"),
            (
                {"torch_dtype": "int4"},
                f"must be one of {DTYPES}, found 'int4'; give --dtype",
            ),
            (
                {"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "hqq"}},
                "the weights are quantized in an unsupported way (by hqq); give --dtype",
            ),
        ],
    )
    def test_is_asked_for_where_it_is_not_known(self, config: dict[str, Any], message: str) -> None:
        with pytest.raises(SpecError) as raised:
            checkpoint_format(config)
        assert [issue.message for issue in raised.value.issues] == [message]


class TestWrong:
    def test_everything_at_once(self) -> None:
        config = {"model_type": "llama", "hiden_size": 4096, "num_hidden_layers": 0}
        config |= {"vocab_size": "32000", "num_attention_heads": True}
        assert complaints(config) == [
            ("", "missing key 'hidden_size'; did you mean 'hiden_size'?"),
            ("num_hidden_layers", "must be from 1 to 4,096, found 0"),
            ("vocab_size", "must be a whole number, found '32000'"),
            ("num_attention_heads", "must be a whole number, found true"),
            ("", "missing key 'intermediate_size'"),
        ]

    def test_unknown_family(self) -> None:
        known = ", ".join(FAMILIES)
        way = "(for other families, import measurements with profile import --from table)"
        assert complaints(LLAMA | {"model_type": "lama"}) == [
            ("model_type", f"must be one of {known}, found 'lama'; did you mean 'llama'? {way}")
        ]
        assert complaints({}) == [("", f"missing key 'model_type' (one of {known})")]
        assert complaints({"text_config": LLAMA | {"model_type": 7}}) == [
            ("text_config.model_type", f"must be one of {known}, found 7 {way}")
        ]

    @pytest.mark.parametrize(
        ("change", "where", "message"),
        [
            (
                {"num_key_value_heads": 5},
                "num_key_value_heads",
                "must divide the 32 heads, found 5",
            ),
            (
                {"num_key_value_heads": 64},
                "num_key_value_heads",
                "must divide the 32 heads, found 64",
            ),
            (
                {"num_attention_heads": 7},
                "num_attention_heads",
                "must divide the hidden size 4096, found 7",
            ),
            ({"hidden_size": 10**12}, "hidden_size", "must be from 1 to 1,000,000,000, found 10"),
            ({"tie_word_embeddings": "no"}, "tie_word_embeddings", "must be true or false, found"),
            ({"attention_bias": 1}, "attention_bias", "must be true or false, found 1"),
            (
                {"layer_types": ["full_attention"]},
                "layer_types",
                "must be a list of 32 layers, found 1",
            ),
            (
                {"layer_types": ["linear_attn"] + 31 * ["full_attention"]},
                "layer_types.0",
                "must be one of full_attention, sliding_attention, chunked_attention, ",
            ),
            (
                OTHERS["qwen1.5-moe-a2.7b"][0] | {"num_experts_per_tok": 61},
                "num_experts_per_tok",
                "must be at most the 60 experts, found 61",
            ),
            (
                OTHERS["qwen1.5-moe-a2.7b"][0] | {"mlp_only_layers": "all"},
                "mlp_only_layers",
                "must be a list of layers, found 'all'",
            ),
            (
                {"model_type": "mixtral"},
                "",
                "missing key 'num_local_experts'",
            ),
        ],
    )
    def test_one_thing(self, change: dict[str, Any], where: str, message: str) -> None:
        found = complaints(LLAMA | change)
        assert found[0][0] == where
        assert found[0][1].startswith(message)

    def test_dense_block_without_its_width(self) -> None:
        config = OTHERS["qwen1.5-moe-a2.7b"][0] | {"decoder_sparse_step": 2}
        del config["intermediate_size"]
        assert complaints(config) == [
            ("", "missing key 'intermediate_size'; did you mean 'moe_intermediate_size'?")
        ]
