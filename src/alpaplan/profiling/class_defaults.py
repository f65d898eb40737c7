"""What configuration classes assume where a nested configuration does not say.

A published ``config.json`` leaves out of its ``text_config`` whatever equals the default of the
class, and often its ``model_type`` too. The values are those of Hugging Face Transformers 5.24.0
(https://github.com/huggingface/transformers, Apache-2.0). What classes derive from other values,
such as the width of a head, is left to the family.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


def _sizes(
    num_layers: int,
    hidden_size: int,
    num_heads: int,
    intermediate_size: int | None,
    vocab_size: int,
    num_positions: int,
    **more: object,
) -> Mapping[str, object]:
    return MappingProxyType(
        {
            "num_hidden_layers": num_layers,
            "hidden_size": hidden_size,
            "num_attention_heads": num_heads,
            "intermediate_size": intermediate_size,
            "vocab_size": vocab_size,
            "max_position_embeddings": num_positions,
            **more,
        }
    )


_QWEN2_VL = _sizes(80, 8192, 64, 29568, 152064, 32768, num_key_value_heads=8)

_QWEN3_5_LINEAR: Mapping[str, Any] = MappingProxyType(
    {
        "linear_num_value_heads": 32,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
    }
)

CLASS_DEFAULTS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "llama": _sizes(32, 4096, 32, 11008, 32000, 2048),
        "mistral": _sizes(
            32, 4096, 32, 14336, 32000, 131072, num_key_value_heads=8, sliding_window=4096
        ),
        "mixtral": _sizes(
            *(32, 4096, 32, 14336, 32000, 131072),
            num_key_value_heads=8,
            num_local_experts=8,
            num_experts_per_tok=2,
        ),
        "qwen2": _sizes(32, 4096, 32, 22016, 151936, 32768, num_key_value_heads=32),
        "qwen2_vl_text": _QWEN2_VL,
        "qwen2_5_vl_text": _QWEN2_VL,
        "qwen2_moe": _sizes(
            *(24, 2048, 16, 5632, 151936, 32768),
            num_key_value_heads=16,
            num_experts=60,
            num_experts_per_tok=4,
            moe_intermediate_size=1408,
            shared_expert_intermediate_size=5632,
        ),
        "qwen3": _sizes(32, 4096, 32, 22016, 151936, 32768, num_key_value_heads=32),
        "qwen3_vl_text": _sizes(32, 4096, 32, 22016, 151936, 128000, num_key_value_heads=32),
        "qwen3_moe": _sizes(
            *(24, 2048, 32, 6144, 151936, 32768),
            num_key_value_heads=4,
            num_experts=128,
            num_experts_per_tok=8,
            moe_intermediate_size=768,
        ),
        "qwen3_vl_moe_text": _sizes(
            *(24, 2048, 16, 5632, 151936, 128000),
            num_key_value_heads=16,
            head_dim=128,
            num_experts=60,
            num_experts_per_tok=4,
            moe_intermediate_size=1408,
        ),
        "gemma": _sizes(28, 3072, 16, 24576, 256000, 8192, num_key_value_heads=16),
        "gemma2": _sizes(
            26, 2304, 8, 9216, 256000, 8192, num_key_value_heads=4, sliding_window=4096
        ),
        "gemma3_text": _sizes(
            26, 2304, 8, 9216, 262208, 131072, num_key_value_heads=4, sliding_window=4096
        ),
        "qwen3_5_text": _sizes(
            *(32, 4096, 16, 12288, 248320, 32768), num_key_value_heads=4, **_QWEN3_5_LINEAR
        ),
        "qwen3_5_moe_text": _sizes(
            *(40, 2048, 16, None, 248320, 32768),
            num_key_value_heads=2,
            num_experts=256,
            num_experts_per_tok=8,
            moe_intermediate_size=512,
            shared_expert_intermediate_size=512,
            **_QWEN3_5_LINEAR,
        ),
        "gemma4_text": _sizes(
            *(30, 2304, 8, 9216, 262144, 131072),
            num_key_value_heads=4,
            global_head_dim=512,
            sliding_window=512,
            hidden_size_per_layer_input=256,
        ),
        "llama4_text": _sizes(
            *(48, 5120, 40, 8192, 202048, 131072),
            num_key_value_heads=8,
            head_dim=128,
            num_local_experts=16,
            num_experts_per_tok=1,
            intermediate_size_mlp=16384,
            attention_chunk_size=8192,
        ),
        "phi3": _sizes(32, 3072, 32, 8192, 32064, 4096),
    }
)
"""``model_type`` -> key -> value."""

TEXT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "llava": "llama",
        "llava_next": "llama",
        "llava_onevision": "qwen2",
        "idefics3": "llama",
        "smolvlm": "llama",
        "gemma3": "gemma3_text",
        "mistral3": "mistral",
        "paligemma": "gemma",
        "internvl": "qwen2",
        "qwen2_vl": "qwen2_vl_text",
        "qwen2_5_vl": "qwen2_5_vl_text",
        "qwen3_vl": "qwen3_vl_text",
        "qwen3_vl_moe": "qwen3_vl_moe_text",
        "qwen3_5": "qwen3_5_text",
        "qwen3_5_moe": "qwen3_5_moe_text",
        "gemma4": "gemma4_text",
        "llama4": "llama4_text",
        "kimi_k25": "deepseek_v3",
        "minimax_m3_vl": "minimax_m3_vl_text",
    }
)
"""``model_type`` of a model for several kinds of input -> that of a text part without one."""
