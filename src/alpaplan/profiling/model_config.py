"""A Hugging Face ``config.json`` as plain data to a `Transformer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alpaplan.errors import Issue, Location, SpecError
from alpaplan.profiling.architecture import Block, Tower, Transformer
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.class_defaults import CLASS_DEFAULTS, TEXT_TYPES
from alpaplan.profiling.config_keys import MAX_LAYERS, MAX_SIZE, ConfigKeys
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.families import FAMILIES, Family, WindowRule
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.model_heads import head_of
from alpaplan.profiling.quantization import (
    Quantization,
    UnsupportedQuantizationError,
    quantization_of,
)
from alpaplan.profiling.towers import tower_of
from alpaplan.registry import must_be_one_of
from alpaplan.units import format_value

TOKEN_TYPES = 2
"""Token types where no key gives their number, as in BERT's configuration class."""

BESIDE = "quantization beside config"
"""Role of errors in what a file beside the ``config.json`` says."""

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


def checkpoint_format(
    config: Mapping[str, object], beside: Mapping[str, object] | None = None
) -> tuple[Dtype, Quantization | None]:
    """Return the number format that a model is published in, and how it is quantized if it is.

    Parameters
    ----------
    config
        What the ``config.json`` says.
    beside
        What a ``hf_quant_config.json`` beside it says.

    Raises
    ------
    SpecError
        Of the role ``"config"``, or `BESIDE` for the file beside it, if neither says, or one says
        something else.
    """
    keys = _keys_of(config)
    for data, where in _places(keys):
        settings = data.get("quantization_config")
        if isinstance(settings, Mapping):
            return _quantized("config", settings, (*where, "quantization_config"))
    settings = (beside or {}).get("quantization")
    if isinstance(settings, Mapping) and settings.get("quant_algo"):
        return _quantized(BESIDE, settings, ("quantization",))
    for data, where in _places(keys):
        for name in ("torch_dtype", "dtype"):
            value = data.get(name)
            if value is not None:
                return _dtype((*where, name), value), None
    raise SpecError("config", [Issue((), "missing key 'torch_dtype'; give --dtype")])


def _places(keys: ConfigKeys) -> list[tuple[Mapping[str, object], Location]]:
    places: list[tuple[Mapping[str, object], Location]] = [(keys.data, keys.where)]
    return places if keys.data is keys.outer else [*places, (keys.outer, ())]


def _quantized(
    role: str, settings: Mapping[str, object], where: Location
) -> tuple[Dtype, Quantization]:
    try:
        quantization = quantization_of(settings)
    except UnsupportedQuantizationError as error:
        how = f" ({error})" if str(error) else ""
        message = f"the weights are quantized in an unsupported way{how}; give --dtype"
        raise SpecError(role, [Issue(where, message)]) from error
    return quantization.dtype, quantization


def _dtype(where: Location, value: object) -> Dtype:
    name = value.removeprefix("torch.") if isinstance(value, str) else ""
    if name not in _DTYPES:
        message = must_be_one_of(_DTYPES, value)
        raise SpecError("config", [Issue(where, f"{message}; give --dtype")])
    return _DTYPES[name]


class _Unreadable(Exception):  # noqa: N818 - control flow, never seen outside
    """So much is wrong that the rest cannot be judged."""


def _keys_of(config: Mapping[str, object]) -> ConfigKeys:
    """Return the keys of the text part, with what its class assumes where it is a nested one."""
    inner = config.get("text_config")
    if not isinstance(inner, Mapping):
        return ConfigKeys(config, (), config)
    model_type = inner.get("model_type")
    outer_type = config.get("model_type")
    if model_type is None and isinstance(outer_type, str) and outer_type in TEXT_TYPES:
        model_type = TEXT_TYPES[outer_type]
        inner = {**inner, "model_type": model_type}
    defaults = CLASS_DEFAULTS.get(model_type, {}) if isinstance(model_type, str) else {}
    return ConfigKeys({**defaults, **inner}, ("text_config",), config)


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
    head, head_notes = head_of(keys, family, vocab_size)
    tower, notes = _tower(keys, hidden)
    return Transformer(
        model_type=model_type,
        hidden_size=hidden,
        vocab_size=vocab_size,
        blocks=blocks,
        embedding_width=hidden if width is None else keys.optional((width,), hidden),
        num_positions=num_positions + family.position_offset,
        max_input_len=_max_input_len(keys, family),
        num_extra_embeddings=keys.optional(family.token_types, TOKEN_TYPES, least=0)
        if family.token_types
        else 0,
        head=head,
        num_extra_norms=family.num_extra_norms,
        norm_bias=family.norm_bias,
        tower=tower,
        notes=(*head_notes, *notes),
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


def _tower(keys: ConfigKeys, hidden: int) -> tuple[Tower | None, list[str]]:
    """Return the vision tower, and what is not known of parts for other kinds of input."""
    tower, notes = None, []
    vision = keys.outer.get("vision_config")
    model_type = keys.outer.get("model_type")
    if isinstance(vision, Mapping):
        inner = ConfigKeys(vision, ("vision_config",), keys.outer, keys.issues)
        tower, unknown = tower_of(inner, model_type if isinstance(model_type, str) else "", hidden)
        notes += [unknown] if unknown else []
    for name in ("audio_config", "speech_config", "audio_tower_config"):
        if isinstance(keys.outer.get(name), Mapping):
            notes.append(f"The part for sounds ({name}) is left out.")
    return tower, notes


def _max_input_len(keys: ConfigKeys, family: Family) -> int | None:
    """Return the longest prompt: positions that can be learned or rotated in.

    Where rotations are stretched (Peng et al., "YaRN", 2023, arXiv 2309.00071) and the
    configuration gives the positions of before, as many times more, as vLLM takes it.
    """
    names = family.positions or ("max_position_embeddings",)
    name = keys.given(names)
    if name is None or (not family.positions and not family.rotary):
        return None
    positions = keys.optional(names, 1)
    scaling = keys.data.get("rope_scaling") or keys.data.get("rope_parameters")
    if not family.positions and isinstance(scaling, Mapping):
        kind = scaling.get("rope_type", scaling.get("type"))
        factor, original = scaling.get("factor"), scaling.get("original_max_position_embeddings")
        if kind in ("yarn", "linear", "dynamic") and isinstance(factor, int | float):
            base = original if kind == "yarn" and isinstance(original, int) else positions
            positions = max(positions, min(int(base * factor), MAX_SIZE))
    if family.padded_positions:
        positions -= keys.optional(("pad_token_id",), 1, least=0) + 1
    return max(positions, 1)
