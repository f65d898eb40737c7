"""The vision towers that are known, one entry each, and what lies between them and the text.

What they consist of is what the classes of Hugging Face Transformers build
(https://github.com/huggingface/transformers, Apache-2.0), and so are keys and defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from alpaplan.profiling.attention import Attention
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.feed_forward import Mlp
from alpaplan.profiling.towers import TowerFamily


def _linear(rows: int, columns: int, *, bias: bool = True) -> int:
    return (rows + bias) * columns


def _merged(keys: ConfigKeys, hidden: int) -> int:
    return keys.optional(("spatial_merge_size",), 2) ** 2 * hidden


def _qwen2_merger(keys: ConfigKeys, hidden: int, text_hidden: int, *, norm_bias: bool) -> int:
    """Return a norm and two products from a square of hidden states to one of the text."""
    merged = _merged(keys, hidden)
    return (1 + norm_bias) * hidden + _linear(merged, merged) + _linear(merged, text_hidden)


def _qwen2_vl_merger(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    return _qwen2_merger(keys, hidden, text_hidden, norm_bias=True)


def _qwen2_5_vl_merger(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    return _qwen2_merger(keys, hidden, text_hidden, norm_bias=False)


def _qwen3_vl_mergers(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    """Return the merger, and one more for each block whose states go to the text as well."""
    merged = _merged(keys, hidden)
    one = _linear(merged, merged) + _linear(merged, text_hidden)
    deep = keys.data.get("deepstack_visual_indexes")
    num_deep = len(deep) if isinstance(deep, list) else 0
    return 2 * hidden + one + num_deep * (2 * merged + one)


def _siglip_head(keys: ConfigKeys, hidden: int) -> int:
    """Return attention of a probe over the patches, and a feed-forward layer."""
    if not keys.flag("vision_use_head", default=True):
        return 0
    block = Attention(1, 1, hidden, causal=False, qkv_bias=True, output_bias=True)
    mlp = Mlp(keys.count(("intermediate_size",)) or 1, gated=False, bias=True)
    return 3 * hidden + block.num_parameters(hidden) + mlp.num_parameters(hidden)


def _llava_next_projector(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    """Return the projector of LLaVA, and a vector that ends rows of an image."""
    return _llava_projector(keys, hidden, text_hidden) + text_hidden


def _paligemma_projector(_keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    return _linear(hidden, text_hidden)


def _internvl_scales(keys: ConfigKeys, hidden: int) -> int:
    """Return the vectors that scale both parts of each block."""
    return 2 * hidden * keys.optional(("num_hidden_layers",), 1)


def _internvl_projector(_keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    """Return a norm and two products, of a square of hidden states."""
    merged = 4 * hidden
    return 2 * merged + _linear(merged, text_hidden) + _linear(text_hidden, text_hidden)


def _idefics3_projector(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    """Return one product without a bias, of a square of hidden states."""
    side = keys.around.optional(("scale_factor",), 2)
    return _linear(side**2 * hidden, text_hidden, bias=False)


def _llava_projector(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    bias = keys.flag("multimodal_projector_bias", default=True)
    return _linear(hidden, text_hidden, bias=bias) + _linear(text_hidden, text_hidden, bias=bias)


def _gemma3_projector(_keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    return hidden + _linear(hidden, text_hidden, bias=False)


def _gemma4_more(keys: ConfigKeys, hidden: int) -> int:
    """Return positions of rows and columns, norms of queries and keys, and a standardization."""
    num_layers = keys.optional(("num_hidden_layers",), 1)
    positions = 2 * keys.optional(("position_embedding_size",), 10240, least=0) * hidden
    standardized = 2 * hidden * keys.flag("standardize", default=False)
    return positions + num_layers * 2 * keys.optional(("head_dim",), 64) + standardized


def _gemma4_projector(_keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    return _linear(hidden, text_hidden, bias=False)


def _llama4_projector(keys: ConfigKeys, _hidden: int, text_hidden: int) -> int:
    """Return an adapter of two products and one to the text, without biases."""
    shuffled = keys.optional(("intermediate_size",), 1)
    inside = keys.optional(("projector_input_dim",), 4096)
    outside = keys.optional(("projector_output_dim",), 4096)
    output = keys.optional(("vision_output_dim",), outside)
    return shuffled * inside + inside * outside + output * text_hidden


def _kimi_projector(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    kernel = keys.data.get("merge_kernel_size")
    sides = kernel if isinstance(kernel, list) and len(kernel) == 2 else [2, 2]
    merged = hidden
    for side in sides:
        merged *= side if type(side) is int and 0 < side < 100 else 2
    return 2 * hidden + _linear(merged, merged) + _linear(merged, text_hidden)


def _kimi_positions(keys: ConfigKeys, hidden: int) -> int:
    sides = [keys.optional((f"init_pos_emb_{side}",), 64) for side in ("height", "width")]
    return sides[0] * sides[1] * hidden


def _minimax_m3_projector(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    """Return two products to the text, and two that merge a square of what comes out."""
    inside = keys.around.optional(("projector_hidden_size",), text_hidden)
    own = _linear(hidden, inside) + _linear(inside, text_hidden)
    return own + _linear(4 * text_hidden, inside) + _linear(inside, text_hidden)


def _mistral3_projector(keys: ConfigKeys, hidden: int, text_hidden: int) -> int:
    bias = keys.flag("multimodal_projector_bias", default=False)
    merge = keys.around.optional(("spatial_merge_size",), 2) ** 2
    merger = hidden + _linear(merge * hidden, hidden, bias=False)
    return (
        merger
        + _linear(hidden, text_hidden, bias=bias)
        + _linear(text_hidden, text_hidden, bias=bias)
    )


_QWEN2_VL = TowerFamily(
    hidden="embed_dim",
    layers="depth",
    intermediate="mlp_ratio",
    defaults={"embed_dim": 1280, "depth": 32, "patch_size": 14, "temporal_patch_size": 2},
    patch_bias=False,
    learned_positions=False,
    num_extra_norms=0,
)
_QWEN2_5_VL = replace(
    _QWEN2_VL,
    hidden="hidden_size",
    intermediate="intermediate_size",
    defaults={"depth": 32, "intermediate_size": 3420, "patch_size": 14, "temporal_patch_size": 2},
    gated=True,
    norm_bias=False,
)
_QWEN3_VL = TowerFamily(
    layers="depth",
    positions="num_position_embeddings",
    defaults={
        "depth": 27,
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "patch_size": 16,
        "temporal_patch_size": 2,
        "num_position_embeddings": 2304,
    },
    num_extra_norms=0,
)
_IDEFICS3 = TowerFamily(
    defaults={
        "hidden_size": 1152,
        "num_hidden_layers": 12,
        "intermediate_size": 3072,
        "patch_size": 32,
        "image_size": 224,
    }
)
_VIT_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072}

TOWERS: Mapping[str, TowerFamily] = MappingProxyType(
    {
        "qwen2_vl": _QWEN2_VL,
        "qwen2_5_vl": _QWEN2_5_VL,
        "qwen3_vl": _QWEN3_VL,
        "qwen3_vl_moe": _QWEN3_VL,
        "qwen3_5": _QWEN3_VL,
        "qwen3_5_moe": _QWEN3_VL,
        "gemma4_vision": TowerFamily(
            gated=True,
            bias=False,
            norm_bias=False,
            patch_bias=False,
            learned_positions=False,
            num_norms=4,
            num_extra_norms=0,
            more=_gemma4_more,
        ),
        "llama4_vision_model": TowerFamily(
            defaults={
                "hidden_size": 768,
                "num_hidden_layers": 34,
                "intermediate_size": 5632,
                "patch_size": 14,
                "image_size": 448,
            },
            patch_bias=False,
            class_token=True,
            num_extra_norms=2,
        ),
        "kimi_k25": TowerFamily(
            hidden="vt_hidden_size",
            layers="vt_num_hidden_layers",
            intermediate="vt_intermediate_size",
            learned_positions=False,
            more=_kimi_positions,
        ),
        "minimax_m3_vl": TowerFamily(
            defaults={"patch_size": 14, "temporal_patch_size": 2},
            patch_bias=False,
            learned_positions=False,
        ),
        "internvl_vision": TowerFamily(
            defaults={
                "hidden_size": 1024,
                "num_hidden_layers": 24,
                "intermediate_size": 4096,
                "patch_size": 14,
                "image_size": 448,
            },
            class_token=True,
            num_extra_norms=0,
            more=_internvl_scales,
        ),
        "idefics3_vision": _IDEFICS3,
        "smolvlm_vision": _IDEFICS3,
        "idefics3": _IDEFICS3,
        "smolvlm": _IDEFICS3,
        "siglip_vision_model": TowerFamily(
            defaults={**_VIT_BASE, "patch_size": 16, "image_size": 224}, more=_siglip_head
        ),
        "clip_vision_model": TowerFamily(
            defaults={**_VIT_BASE, "patch_size": 32, "image_size": 224},
            patch_bias=False,
            class_token=True,
            num_extra_norms=2,
        ),
        "pixtral": TowerFamily(
            defaults={
                "hidden_size": 1024,
                "num_hidden_layers": 24,
                "intermediate_size": 4096,
                "patch_size": 16,
            },
            gated=True,
            bias=False,
            norm_bias=False,
            patch_bias=False,
            learned_positions=False,
        ),
    }
)
"""``model_type`` of a ``vision_config``, or of what is around it -> how it reads."""

PROJECTORS: Mapping[str, Callable[[ConfigKeys, int, int], int]] = MappingProxyType(
    {
        "qwen2_vl": _qwen2_vl_merger,
        "qwen2_5_vl": _qwen2_5_vl_merger,
        "qwen3_vl": _qwen3_vl_mergers,
        "qwen3_vl_moe": _qwen3_vl_mergers,
        "qwen3_5": _qwen3_vl_mergers,
        "qwen3_5_moe": _qwen3_vl_mergers,
        "gemma4": _gemma4_projector,
        "llama4": _llama4_projector,
        "kimi_k25": _kimi_projector,
        "minimax_m3_vl": _minimax_m3_projector,
        "llava": _llava_projector,
        "llava_next": _llava_next_projector,
        "llava_onevision": _llava_next_projector,
        "paligemma": _paligemma_projector,
        "internvl": _internvl_projector,
        "idefics3": _idefics3_projector,
        "smolvlm": _idefics3_projector,
        "gemma3": _gemma3_projector,
        "mistral3": _mistral3_projector,
    }
)
"""``model_type`` of a model -> weights between its tower and its text part."""
