"""Families of transformers: which keys of a ``config.json`` say what.

The keys and their defaults are those of the configuration classes of Hugging Face Transformers
(https://huggingface.co/docs/transformers/main/en/model_doc, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType


class WindowRule(Enum):
    """Which blocks have the attention window that ``sliding_window`` gives."""

    ALL = "all"
    FROM_MAX_WINDOW_LAYERS = "those from max_window_layers, if use_sliding_window"
    EVEN = "every second one, beginning with the first"
    PATTERN = "all but every sliding_window_pattern-th"


@dataclass(frozen=True)
class Family:
    """How one family's configuration reads. Of several keys for one thing any will do.

    Parameters
    ----------
    layers, hidden, heads, intermediate
        Keys of what every model has.
    kv_heads, head_dim
        Keys of what follows from others where it is absent.
    default_head_dim
        Width of a head where there is no key; None: hidden size over heads.
    intermediate_factor
        Feed-forward width over hidden size where there is no key; None: the key is required.
    gated, causal, rotary, tied, pooler
        As in `alpaplan.profiling.architecture`; ``tie_word_embeddings`` comes before `tied`.
    qk_norm, num_norms, norm_bias, num_extra_norms
        Normalizations.
    qkv_bias, output_bias, mlp_bias
        Whether the projections have biases where no key says so.
    attention_bias_key, mlp_bias_key
        Keys that say so.
    positions, position_offset
        Keys of the number of learned positions, and how many more there are.
    padded_positions
        Whether positions count from behind the padding token's, as in RoBERTa.
    token_types
        Keys of the number of token types.
    embedding_width
        Key of the width of a token's vector, if it can differ from the hidden size.
    experts, expert_intermediate, shared_intermediate
        Keys of a mixture of experts; without `experts` there is none.
    window_rule
        Which blocks have a window.
    """

    layers: tuple[str, ...] = ("num_hidden_layers",)
    hidden: tuple[str, ...] = ("hidden_size",)
    heads: tuple[str, ...] = ("num_attention_heads",)
    intermediate: tuple[str, ...] = ("intermediate_size",)
    kv_heads: tuple[str, ...] = ("num_key_value_heads",)
    head_dim: tuple[str, ...] = ("head_dim",)
    default_head_dim: int | None = None
    intermediate_factor: int | None = None
    gated: bool = True
    causal: bool = True
    rotary: bool = True
    tied: bool = False
    pooler: bool = False
    qk_norm: bool = False
    num_norms: int = 2
    norm_bias: bool = False
    num_extra_norms: int = 1
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    attention_bias_key: str | None = None
    mlp_bias_key: str | None = None
    positions: tuple[str, ...] = ()
    position_offset: int = 0
    padded_positions: bool = False
    token_types: tuple[str, ...] = ()
    embedding_width: str | None = None
    experts: tuple[str, ...] = ()
    expert_intermediate: tuple[str, ...] = ("moe_intermediate_size",)
    shared_intermediate: str | None = None
    window_rule: WindowRule = WindowRule.ALL


_LLAMA = Family(attention_bias_key="attention_bias", mlp_bias_key="mlp_bias")
_MISTRAL = Family()
_QWEN2 = Family(qkv_bias=True, window_rule=WindowRule.FROM_MAX_WINDOW_LAYERS)
_QWEN3 = Family(
    attention_bias_key="attention_bias",
    qk_norm=True,
    default_head_dim=128,
    window_rule=WindowRule.FROM_MAX_WINDOW_LAYERS,
)
_QWEN3_MOE = replace(_QWEN3, default_head_dim=None, experts=("num_experts",))
_GEMMA = Family(tied=True, default_head_dim=256, attention_bias_key="attention_bias")
_GEMMA2 = replace(_GEMMA, num_norms=4, window_rule=WindowRule.EVEN)
_GPT = Family(
    gated=False,
    rotary=False,
    tied=True,
    norm_bias=True,
    qkv_bias=True,
    output_bias=True,
    mlp_bias=True,
    kv_heads=(),
    head_dim=(),
)
"""Decoders of the first years: plain feed-forward layers, biases everywhere, a tied head."""

_BERT = replace(
    _GPT,
    causal=False,
    pooler=True,
    positions=("max_position_embeddings",),
    token_types=("type_vocab_size",),
)

_ROBERTA = replace(_BERT, padded_positions=True)

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
        "gemma3_text": replace(_GEMMA2, qk_norm=True, window_rule=WindowRule.PATTERN),
        "phi3": Family(),
        "starcoder2": replace(
            _GPT,
            rotary=True,
            kv_heads=("num_key_value_heads",),
            attention_bias_key="use_bias",
            mlp_bias_key="use_bias",
        ),
        "mixtral": Family(
            experts=("num_local_experts",), expert_intermediate=("intermediate_size",)
        ),
        "qwen2_moe": replace(
            _QWEN2,
            experts=("num_experts",),
            shared_intermediate="shared_expert_intermediate_size",
        ),
        "qwen3_moe": _QWEN3_MOE,
        "qwen3_vl_moe_text": _QWEN3_MOE,
        "gpt2": replace(
            _GPT,
            layers=("n_layer", "num_hidden_layers"),
            hidden=("n_embd", "hidden_size"),
            heads=("n_head", "num_attention_heads"),
            intermediate=("n_inner",),
            intermediate_factor=4,
            positions=("n_positions", "max_position_embeddings"),
        ),
        "opt": replace(
            _GPT,
            intermediate=("ffn_dim",),
            positions=("max_position_embeddings",),
            position_offset=2,
            embedding_width="word_embed_proj_dim",
            attention_bias_key="enable_bias",
            mlp_bias_key="enable_bias",
        ),
        "bloom": replace(
            _GPT,
            layers=("n_layer", "num_hidden_layers"),
            hidden=("hidden_size", "n_embed"),
            heads=("n_head", "num_attention_heads"),
            intermediate=("n_inner",),
            intermediate_factor=4,
            num_extra_norms=2,
        ),
        "bert": _BERT,
        "roberta": _ROBERTA,
        "xlm-roberta": _ROBERTA,
        "distilbert": replace(
            _BERT,
            layers=("n_layers",),
            hidden=("dim",),
            heads=("n_heads",),
            intermediate=("hidden_dim",),
            pooler=False,
            token_types=(),
        ),
    }
)
"""``model_type`` -> how its configuration reads."""
