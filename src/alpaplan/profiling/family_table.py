"""The families of transformers that are known, one entry each.

Keys and defaults are those of the configuration classes of Hugging Face Transformers
(https://huggingface.co/docs/transformers/main/en/model_doc, Apache-2.0). To add a family, add an
entry here and one with its published number of parameters in
``tests/profiling/published_families.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.early_families import EARLY_FAMILIES
from alpaplan.profiling.families import ExpertRule, Family, Gate, LayerKind, LayerRule

_LLAMA = Family(attention_bias_key="attention_bias", mlp_bias_key="mlp_bias")
_MISTRAL = Family()
_QWEN2 = Family(qkv_bias=True, windows=LayerRule.FROM_MAX_WINDOW_LAYERS)
_QWEN3 = Family(
    attention_bias_key="attention_bias",
    qk_norm=True,
    default_head_dim=128,
    windows=LayerRule.FROM_MAX_WINDOW_LAYERS,
)
_QWEN3_MOE = replace(_QWEN3, default_head_dim=None, experts=("num_experts",))
_GEMMA = Family(tied=True, default_head_dim=256, attention_bias_key="attention_bias")
_GEMMA2 = replace(_GEMMA, num_norms=4, windows=LayerRule.EVEN)
_DEEPSEEK = Family(
    latent=True,
    attention_bias_key="attention_bias",
    experts=("n_routed_experts",),
    expert_rule=ExpertRule.AFTER_DENSE,
    num_shared=("n_shared_experts",),
    num_router_vectors=1,
)
_GLM4 = Family(
    default_head_dim=128, attention_bias_key="attention_bias", output_bias_key="attention_out_bias"
)
_GPT_OSS = Family(
    default_head_dim=64,
    qkv_bias=True,
    output_bias=True,
    attention_bias_key="attention_bias",
    sinks=frozenset({LayerKind.FULL, LayerKind.SLIDING}),
    windows=LayerRule.EVEN,
    experts=("num_local_experts",),
    experts_per_token=("num_experts_per_tok", "experts_per_token"),
    expert_intermediate=("intermediate_size",),
    expert_bias=True,
    num_router_vectors=1,
)
_QWEN3_5 = Family(
    default_head_dim=256,
    attention_bias_key="attention_bias",
    qk_norm=True,
    gate=Gate.NUMBERS,
    windows=LayerRule.LINEAR,
)
_QWEN3_NEXT = replace(
    _QWEN3_5,
    experts=("num_experts",),
    shared_intermediate=("shared_expert_intermediate_size",),
    shared_gate=True,
)
_LLAMA4 = Family(
    intermediate=("intermediate_size_mlp",),
    attention_bias_key="attention_bias",
    windows=LayerRule.CHUNKS,
    experts=("num_local_experts",),
    expert_intermediate=("intermediate_size",),
    expert_rule=ExpertRule.INTERLEAVED,
    shared_intermediate=("intermediate_size",),
)
_MINIMAX_M2 = Family(
    wide_qk_norm=True,
    qk_norm_key="use_qk_norm",
    experts=("num_local_experts",),
    expert_intermediate=("intermediate_size",),
    num_router_vectors=1,
)


def _nemotron_h(keys: ConfigKeys, family: Family) -> Family:
    """Count the blocks where the newest configurations list them alone."""
    listed = keys.data.get("layers_block_type")
    if keys.given(family.layers) is None and isinstance(listed, list):
        keys.data = {**keys.data, family.layers[0]: len(listed)}
    return family


_MINIMAX_M3 = Family(
    intermediate=("dense_intermediate_size",),
    qk_norm=True,
    qk_norm_key="use_qk_norm",
    experts=("num_local_experts",),
    expert_intermediate=("moe_intermediate_size", "intermediate_size"),
    expert_rule=ExpertRule.AFTER_DENSE,
    num_shared=("n_shared_experts",),
    shared_intermediate=("shared_intermediate_size",),
    num_router_vectors=1,
)
_NEMOTRON_H = Family(
    refine=_nemotron_h,
    head_dim=("head_dim", "attention_head_dim"),
    gated=False,
    rotary=False,
    delta=False,
    num_norms=1,
    attention_bias_key="attention_bias",
    mlp_bias_key="mlp_bias",
    windows=LayerRule.LETTERS,
    experts=("n_routed_experts",),
    expert_rule=ExpertRule.LETTERS,
    num_shared=("n_shared_experts",),
    shared_intermediate=("moe_shared_expert_intermediate_size",),
    latent_experts="moe_latent_size",
    num_router_vectors=1,
)
_MIMO_V2 = Family(
    value_dim=("v_head_dim",),
    by_kind=MappingProxyType(
        {
            LayerKind.SLIDING: MappingProxyType(
                {
                    "heads": ("swa_num_attention_heads",),
                    "kv_heads": ("swa_num_key_value_heads",),
                    "head_dim": ("swa_head_dim",),
                    "value_dim": ("swa_v_head_dim",),
                }
            )
        }
    ),
    sinks=frozenset({LayerKind.SLIDING}),
    windows=LayerRule.LISTED,
    window_keys=("sliding_window", "sliding_window_size"),
    experts=("n_routed_experts",),
    expert_rule=ExpertRule.AFTER_DENSE,
    num_router_vectors=1,
)


def _gemma4(keys: ConfigKeys, family: Family) -> Family:
    """Add the norms of the experts where there are some."""
    if keys.flag("enable_moe_block", default=False):
        return replace(family, num_norms=family.num_norms + 3)
    return family


_GEMMA4 = replace(
    _GEMMA2,
    qk_norm=True,
    windows=LayerRule.PATTERN,
    by_kind=MappingProxyType(
        {
            LayerKind.FULL: MappingProxyType(
                {"head_dim": ("global_head_dim",), "kv_heads": ("num_global_key_value_heads",)}
            )
        }
    ),
    shared_kv_key="attention_k_eq_v",
    last_is_full=True,
    side_width="hidden_size_per_layer_input",
    borrowing="num_kv_shared_layers",
    doubled="use_double_wide_mlp",
    num_scalars=1,
    experts=("num_experts",),
    experts_key="enable_moe_block",
    experts_per_token=("top_k_experts",),
    dense_is_shared=True,
    num_router_vectors=1,
    scaled_router=True,
    refine=_gemma4,
)
_PHIMOE = Family(
    norm_bias=True,
    qkv_bias=True,
    output_bias=True,
    attention_bias_key="attention_bias",
    head_bias=True,
    experts=("num_local_experts",),
    expert_intermediate=("intermediate_size",),
)
_ERNIE4_5 = replace(_LLAMA, attention_bias_key="use_bias", mlp_bias_key="use_bias", tied=True)

_OLMO2 = Family(wide_qk_norm=True, attention_bias_key="attention_bias")
_COHERE = Family(tied=True, parallel=True, num_norms=1, attention_bias_key="attention_bias")

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "llama": _LLAMA,
        "mistral": _MISTRAL,
        "qwen2": _QWEN2,
        "qwen2_vl": _QWEN2,
        "qwen2_vl_text": _QWEN2,
        "qwen2_5_vl": _QWEN2,
        "qwen2_5_vl_text": _QWEN2,
        "qwen3": _QWEN3,
        "qwen3_vl_text": _QWEN3,
        "gemma": _GEMMA,
        "gemma2": _GEMMA2,
        "gemma3_text": replace(_GEMMA2, qk_norm=True, windows=LayerRule.PATTERN),
        "phi3": Family(),
        "mixtral": Family(
            experts=("num_local_experts",), expert_intermediate=("intermediate_size",)
        ),
        "qwen2_moe": replace(
            _QWEN2,
            experts=("num_experts",),
            shared_intermediate=("shared_expert_intermediate_size",),
            shared_gate=True,
        ),
        "qwen3_moe": _QWEN3_MOE,
        "qwen3_vl_moe_text": _QWEN3_MOE,
        "deepseek_v2": replace(_DEEPSEEK, num_router_vectors=0),
        "deepseek_v3": _DEEPSEEK,
        "deepseek_v32": _DEEPSEEK,
        "kimi_k2": _DEEPSEEK,
        "glm_moe_dsa": _DEEPSEEK,
        "gpt_oss": _GPT_OSS,
        "qwen3_5_text": _QWEN3_5,
        "qwen3_5_moe_text": _QWEN3_NEXT,
        "qwen3_next": _QWEN3_NEXT,
        "llama4_text": _LLAMA4,
        "gemma4_text": _GEMMA4,
        "glm": replace(_GLM4, qkv_bias=True),
        "glm4": replace(_GLM4, num_norms=4),
        "glm4_moe": replace(
            _DEEPSEEK,
            latent=False,
            default_head_dim=128,
            qk_norm=True,
            qk_norm_key="use_qk_norm",
            output_bias_key="attention_out_bias",
        ),
        "minimax_m2": _MINIMAX_M2,
        "minimax_m3": _MINIMAX_M3,
        "minimax_m3_vl_text": _MINIMAX_M3,
        "nemotron_h": _NEMOTRON_H,
        "nemotron-nas": Family(attention_bias_key="attention_bias", block_configs=True),
        "mimo": _QWEN2,
        "mimo_v2_flash": _MIMO_V2,
        "phimoe": _PHIMOE,
        "glm4_moe_lite": _DEEPSEEK,
        "olmo2": _OLMO2,
        "olmo3": replace(_OLMO2, windows=LayerRule.PATTERN, pattern_step=4),
        "exaone4": Family(qk_norm=True, windows=LayerRule.PATTERN, pattern_step=4),
        "hunyuan_v1_dense": Family(qk_norm=True, attention_bias_key="attention_bias"),
        "granitemoe": replace(
            _LLAMA, experts=("num_local_experts",), expert_intermediate=("intermediate_size",)
        ),
        "stablelm": Family(
            norm_bias=True, attention_bias_key="use_qkv_bias", output_bias_key="attention_out_bias"
        ),
        "smollm3": replace(_LLAMA, tied=True),
        "granite": _LLAMA,
        "ministral3": _MISTRAL,
        "cohere": replace(_COHERE, wide_qk_norm=True, qk_norm_key="use_qk_norm"),
        "cohere2": replace(_COHERE, windows=LayerRule.PATTERN, pattern_step=4),
        "seed_oss": Family(
            default_head_dim=128,
            qkv_bias=True,
            attention_bias_key="attention_bias",
            output_bias_key="attention_out_bias",
        ),
        "ernie4_5": _ERNIE4_5,
        "ernie4_5_moe": replace(
            _ERNIE4_5,
            experts=("moe_num_experts",),
            experts_per_token=("moe_k",),
            expert_rule=ExpertRule.RANGE,
            num_shared=("moe_num_shared_experts",),
            num_router_vectors=1,
        ),
        **EARLY_FAMILIES,
    }
)
"""``model_type`` -> how its configuration reads."""
