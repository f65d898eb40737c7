"""Families of the first years, encoders, and encoders with a decoder.

Keys and defaults are those of the configuration classes of Hugging Face Transformers
(https://huggingface.co/docs/transformers/main/en/model_doc, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.families import Family, LayerRule

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
_MODERNBERT = Family(
    causal=False,
    tied=True,
    first_norm=False,
    num_extra_norms=2,
    prediction_head=True,
    attention_bias_key="attention_bias",
    mlp_bias_key="mlp_bias",
    windows=LayerRule.GLOBAL_FIRST,
    window_keys=("local_attention", "sliding_window"),
)


def _opt(keys: ConfigKeys, family: Family) -> Family:
    """Leave the last norm out where norms stand behind the parts of a block (OPT-350M)."""
    before = keys.flag("do_layer_norm_before", default=True)
    return replace(family, num_extra_norms=int(before))


def _falcon(keys: ConfigKeys, family: Family) -> Family:
    """Tell the decoder of 7B, with one key head, from those of 40B and more."""
    parallel = keys.flag("parallel_attn", default=True)
    if keys.flag("new_decoder_architecture", default=False):
        num_norms = keys.optional(("num_ln_in_parallel_attn",), 2)
        return replace(family, parallel=True, num_norms=num_norms)
    one_head = keys.flag("multi_query", default=True)
    return replace(
        family,
        parallel=parallel,
        num_norms=1 if parallel else 2,
        kv_heads=(),
        default_kv_heads=1 if one_head else None,
    )


_FALCON = replace(
    _GPT,
    layers=("num_hidden_layers", "n_layer"),
    heads=("num_attention_heads", "n_head"),
    kv_heads=("num_kv_heads", "n_head_kv"),
    intermediate=("ffn_hidden_size",),
    intermediate_factor=4,
    rotary=True,
    qkv_bias=False,
    output_bias=False,
    mlp_bias=False,
    attention_bias_key="bias",
    mlp_bias_key="bias",
    refine=_falcon,
)
_GPT_NEOX = replace(
    _GPT, rotary=True, tied=False, parallel=True, attention_bias_key="attention_bias"
)
_PHI = replace(
    _GPT,
    kv_heads=("num_key_value_heads",),
    rotary=True,
    tied=False,
    parallel=True,
    num_norms=1,
    head_bias=True,
)


def _t5(keys: ConfigKeys, family: Family) -> Family:
    """Tell the gated layers of T5 1.1 from the plain ones of T5."""
    kind = keys.data.get("feed_forward_proj")
    return replace(family, gated=isinstance(kind, str) and kind.startswith("gated"))


_T5 = Family(
    layers=("num_layers", "num_hidden_layers"),
    hidden=("d_model",),
    heads=("num_heads",),
    head_dim=("d_kv",),
    intermediate=("d_ff",),
    kv_heads=(),
    default_head_dim=64,
    causal=False,
    rotary=False,
    tied=True,
    decoder_layers=("num_decoder_layers",),
    relative_buckets="relative_attention_num_buckets",
    refine=_t5,
)
_WHISPER = replace(
    _GPT,
    layers=("encoder_layers",),
    hidden=("d_model",),
    heads=("encoder_attention_heads",),
    intermediate=("encoder_ffn_dim",),
    causal=False,
    key_bias=False,
    positions=("max_source_positions",),
    decoder_layers=("decoder_layers",),
    convolved="num_mel_bins",
)

EARLY_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
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
            refine=_opt,
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
        "gptj": replace(
            _GPT_NEOX,
            layers=("n_layer", "num_hidden_layers"),
            hidden=("n_embd", "hidden_size"),
            heads=("n_head", "num_attention_heads"),
            intermediate=("n_inner",),
            intermediate_factor=4,
            qkv_bias=False,
            output_bias=False,
            num_norms=1,
            head_bias=True,
        ),
        "gpt_neox": _GPT_NEOX,
        "falcon": _FALCON,
        "phi": _PHI,
        "starcoder2": replace(
            _GPT,
            rotary=True,
            kv_heads=("num_key_value_heads",),
            attention_bias_key="use_bias",
            mlp_bias_key="use_bias",
        ),
        "bert": _BERT,
        "roberta": _ROBERTA,
        "camembert": _ROBERTA,
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
        "modernbert": _MODERNBERT,
        "t5": _T5,
        "mt5": replace(_T5, tied=False),
        "whisper": _WHISPER,
    }
)
"""``model_type`` -> how its configuration reads."""
