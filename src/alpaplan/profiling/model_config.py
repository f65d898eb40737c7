"""A Hugging Face ``config.json`` as plain data to a `Transformer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alpaplan.errors import Issue, Location, SpecError
from alpaplan.profiling.architecture import Attention, Block, Experts, Mlp, Transformer
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.families import FAMILIES, Family, WindowRule
from alpaplan.registry import must_be_one_of
from alpaplan.units import format_value

MAX_LAYERS = 4096
"""Most layers of a model: as many as stages could be (`alpaplan.specs.profile`)."""

TOKEN_TYPES = 2
"""Token types where no key gives their number, as in BERT's configuration class."""

_DTYPES = {
    "float32": Dtype.FP32,
    "float16": Dtype.FP16,
    "bfloat16": Dtype.BF16,
    "float8_e4m3fn": Dtype.FP8,
}
"""``torch_dtype`` -> number format."""


def transformer_of(config: Mapping[str, object]) -> Transformer:
    """Read the architecture of a model's text part.

    Parameters
    ----------
    config
        What the ``config.json`` says. Of a model for several kinds of input, ``text_config``.

    Raises
    ------
    SpecError
        Of the role ``"config"``, with everything that is missing or wrong.
    """
    keys = _keys_of(config)
    model_type = keys.data.get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        raise SpecError("config", [_unknown_family(keys, model_type)])
    try:
        transformer = _transformer(keys, model_type, FAMILIES[model_type])
    except _Unreadable:
        raise SpecError("config", keys.issues) from None
    if keys.issues:
        raise SpecError("config", keys.issues)
    return transformer


def dtype_of(config: Mapping[str, object]) -> Dtype:
    """Return the number format that a model is published in.

    Raises
    ------
    SpecError
        Of the role ``"config"``, if the configuration does not say, or says something else.
    """
    keys = _keys_of(config)
    for where, data in ((keys.where, keys.data), ((), config)):
        for name in ("torch_dtype", "dtype"):
            value = data.get(name)
            if value is not None:
                return _dtype((*where, name), value, config)
    raise SpecError("config", [Issue((), "missing key 'torch_dtype'; give --dtype")])


def _dtype(where: Location, value: object, config: Mapping[str, object]) -> Dtype:
    if config.get("quantization_config") is not None:
        message = "the weights are quantized in an unsupported way; give --dtype"
        raise SpecError("config", [Issue(("quantization_config",), message)])
    name = value.removeprefix("torch.") if isinstance(value, str) else ""
    if name not in _DTYPES:
        message = must_be_one_of(_DTYPES, value)
        raise SpecError("config", [Issue(where, f"{message}; give --dtype")])
    return _DTYPES[name]


class _Unreadable(Exception):  # noqa: N818 - control flow, never seen outside
    """So much is wrong that the rest cannot be judged."""


def _keys_of(config: Mapping[str, object]) -> ConfigKeys:
    inner = config.get("text_config")
    if isinstance(inner, Mapping):
        return ConfigKeys(inner, ("text_config",), config)
    return ConfigKeys(config, (), config)


def _unknown_family(keys: ConfigKeys, model_type: object) -> Issue:
    if model_type is None:
        return Issue(keys.where, f"missing key 'model_type' (one of {', '.join(FAMILIES)})")
    return Issue((*keys.where, "model_type"), must_be_one_of(FAMILIES, model_type))


def _transformer(keys: ConfigKeys, model_type: str, family: Family) -> Transformer:
    hidden = keys.count(family.hidden)
    num_layers = keys.count(family.layers, largest=MAX_LAYERS)
    vocab_size = keys.count(("vocab_size",))
    attention = _attention(keys, family, hidden)
    num_positions = keys.count(family.positions) if family.positions else 0
    mlp = _mlp(keys, family, hidden)
    experts = _experts(keys, family) if family.experts else None
    if (
        hidden is None
        or num_layers is None
        or vocab_size is None
        or num_positions is None
        or attention is None
        or (mlp is None and experts is None)
    ):
        raise _Unreadable
    kinds = _feed_forward(keys, num_layers, mlp, experts)
    blocks = tuple(
        Block(
            attention=replace(attention, window=window),
            mlp=kind,
            num_norms=family.num_norms,
            norm_bias=family.norm_bias,
        )
        for window, kind in zip(_windows(keys, family, num_layers), kinds, strict=True)
    )
    width = family.embedding_width
    return Transformer(
        model_type=model_type,
        hidden_size=hidden,
        vocab_size=vocab_size,
        blocks=blocks,
        embedding_width=hidden if width is None else keys.optional((width,), hidden),
        num_positions=num_positions + family.position_offset,
        max_input_len=num_positions or None,
        num_extra_embeddings=keys.optional(family.token_types, TOKEN_TYPES, least=0)
        if family.token_types
        else 0,
        head=family.causal,
        tied=keys.flag("tie_word_embeddings", default=family.tied),
        num_extra_norms=family.num_extra_norms,
        norm_bias=family.norm_bias,
        pooler=family.pooler,
    )


def _attention(keys: ConfigKeys, family: Family, hidden: int | None) -> Attention | None:
    num_heads = keys.count(family.heads)
    if num_heads is None or hidden is None:
        return None
    num_kv_heads = keys.optional(family.kv_heads, num_heads)
    if num_heads % num_kv_heads:
        name = keys.given(family.kv_heads) or family.heads[0]
        keys.report(name, f"must divide the {num_heads} heads, found {num_kv_heads}")
    head_dim = family.default_head_dim
    if keys.given(family.head_dim):
        head_dim = keys.count(family.head_dim)
    elif head_dim is None:
        if hidden % num_heads:
            name = keys.given(family.heads) or family.heads[0]
            keys.report(name, f"must divide the hidden size {hidden}, found {num_heads}")
        head_dim = hidden // num_heads
    return Attention(
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=max(head_dim or 0, 1),
        causal=family.causal,
        rotary=family.rotary,
        qkv_bias=keys.flag(family.attention_bias_key, default=family.qkv_bias),
        output_bias=keys.flag(family.attention_bias_key, default=family.output_bias),
        qk_norm=family.qk_norm,
    )


def _mlp(keys: ConfigKeys, family: Family, hidden: int | None) -> Mlp | None:
    """Read the dense feed-forward layer; models whose blocks all have experts may lack it."""
    bias = keys.flag(family.mlp_bias_key, default=family.mlp_bias)
    factor = family.intermediate_factor
    if keys.given(family.intermediate) is None and factor is not None:
        return None if hidden is None else Mlp(factor * hidden, family.gated, bias)
    if keys.given(family.intermediate) is None and family.experts:
        return None
    width = keys.count(family.intermediate)
    return None if width is None else Mlp(width, family.gated, bias)


def _experts(keys: ConfigKeys, family: Family) -> Experts | None:
    num_experts = keys.count(family.experts)
    num_per_token = keys.count(("num_experts_per_tok",))
    width = keys.count(family.expert_intermediate)
    if num_experts is None or num_per_token is None or width is None:
        return None
    if num_per_token > num_experts:
        message = f"must be at most the {num_experts} experts, found {num_per_token}"
        keys.report("num_experts_per_tok", message)
    shared = None
    if family.shared_intermediate is not None:
        shared_width = keys.count((family.shared_intermediate,), least=0)
        shared = Mlp(shared_width, family.gated) if shared_width else None
    return Experts(
        num_experts, num_per_token, Mlp(width, family.gated), shared, shared_gate=bool(shared)
    )


def _feed_forward(
    keys: ConfigKeys, num_layers: int, mlp: Mlp | None, experts: Experts | None
) -> list[Mlp | Experts]:
    """Return each block's feed-forward layer: experts in every n-th block that no list excepts."""
    step = keys.optional(("decoder_sparse_step",), 1)
    dense = keys.data.get("mlp_only_layers") or []
    if not isinstance(dense, list) or not all(isinstance(item, int) for item in dense):
        keys.report("mlp_only_layers", f"must be a list of layers, found {format_value(dense)}")
        dense = []
    kinds: list[Mlp | Experts] = []
    for layer in range(num_layers):
        sparse = experts is not None and layer not in dense and (layer + 1) % step == 0
        kind = experts if sparse else mlp
        if kind is None:
            keys.count(("intermediate_size",))
            raise _Unreadable
        kinds.append(kind)
    return kinds


def _windows(keys: ConfigKeys, family: Family, num_layers: int) -> list[int | None]:
    """Return each block's attention window."""
    window = keys.optional(("sliding_window",), 0, least=0) or None
    kinds = keys.data.get("layer_types")
    if kinds is not None:
        return _windows_by_list(keys, kinds, window, num_layers)
    rule = family.window_rule
    if rule is WindowRule.FROM_MAX_WINDOW_LAYERS:
        used = keys.flag("use_sliding_window", default=False)
        first = keys.optional(("max_window_layers",), num_layers, least=0)
        return [window if used and layer >= first else None for layer in range(num_layers)]
    if rule is WindowRule.EVEN:
        return [None if layer % 2 else window for layer in range(num_layers)]
    if rule is WindowRule.PATTERN:
        pattern = keys.optional(("sliding_window_pattern",), 6)
        return [None if (layer + 1) % pattern == 0 else window for layer in range(num_layers)]
    return [window] * num_layers


def _windows_by_list(
    keys: ConfigKeys, kinds: object, window: int | None, num_layers: int
) -> list[int | None]:
    if not isinstance(kinds, list) or len(kinds) != num_layers:
        found = f"{len(kinds)} items" if isinstance(kinds, list) else format_value(kinds)
        keys.report("layer_types", f"must be a list of {num_layers} layers, found {found}")
        raise _Unreadable
    known = ("full_attention", "sliding_attention")
    for index, kind in enumerate(kinds):
        if kind not in known:
            issue = Issue((*keys.where, "layer_types", index), must_be_one_of(known, kind))
            keys.issues.append(issue)
    return [window if kind == "sliding_attention" else None for kind in kinds]
