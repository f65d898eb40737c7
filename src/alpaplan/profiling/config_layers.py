"""Which block of a model is of which kind, and which have experts."""

from __future__ import annotations

from collections.abc import Sequence

from alpaplan.errors import Issue
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.families import ExpertRule, Family, LayerKind, LayerRule
from alpaplan.registry import must_be_one_of
from alpaplan.units import format_value

LETTERS_KEY = "hybrid_override_pattern"

_LETTERS = {"M": LayerKind.LINEAR, "*": LayerKind.FULL, "E": LayerKind.NONE, "-": LayerKind.NONE}

_BLOCK_TYPES = {"mamba": "M", "attention": "*", "moe": "E", "mlp": "-"}
"""``layers_block_type``, as newer configurations write the letters."""


_FULL_NAMES = ("deepseek_sparse_attention",)
"""What else ``layer_types`` calls attention to all tokens; an indexer has keys of its own."""


class UnreadableError(Exception):
    """So much is wrong that the rest cannot be judged."""


def layer_kinds(keys: ConfigKeys, family: Family, num_layers: int) -> list[LayerKind]:
    """Return the kind of each block.

    Raises
    ------
    UnreadableError
        If a list is of another length than there are blocks.
    """
    rule = family.windows
    if rule is LayerRule.LETTERS:
        return [_LETTERS[letter] for letter in letters(keys, num_layers)]
    listed = listed_by_layer(keys, "layer_types", num_layers)
    if listed is not None:
        return _kinds_by_name(keys, listed)
    layers = range(num_layers)
    if rule is LayerRule.LINEAR:
        step = keys.optional(("full_attention_interval",), 4)
        full = {layer for layer in layers if (layer + 1) % step == 0}
        return _kinds(num_layers, full, LayerKind.LINEAR)
    if rule is LayerRule.CHUNKS:
        rotated = listed_by_layer(keys, "no_rope_layers", num_layers) or [
            (layer + 1) % 4 for layer in layers
        ]
        return _kinds(num_layers, {n for n in layers if not rotated[n]}, LayerKind.CHUNKED)
    full = _without_window(keys, family, num_layers)
    if family.last_is_full:
        full.add(num_layers - 1)
    return _kinds(num_layers, full, LayerKind.SLIDING)


def _kinds(num_layers: int, full: set[int], other: LayerKind) -> list[LayerKind]:
    return [LayerKind.FULL if layer in full else other for layer in range(num_layers)]


def _without_window(keys: ConfigKeys, family: Family, num_layers: int) -> set[int]:
    """Return the blocks that have no window even if there is one."""
    layers, rule = range(num_layers), family.windows
    if rule is LayerRule.FROM_MAX_WINDOW_LAYERS:
        first = keys.optional(("max_window_layers",), num_layers, least=0)
        used = keys.flag("use_sliding_window", default=False)
        return {layer for layer in layers if not used or layer < first}
    if rule is LayerRule.EVEN:
        return {layer for layer in layers if layer % 2}
    if rule is LayerRule.PATTERN:
        step = keys.optional(
            ("sliding_window_pattern", "_sliding_window_pattern"), family.pattern_step
        )
        return {layer for layer in layers if (layer + 1) % step == 0}
    if rule is LayerRule.GLOBAL_FIRST:
        step = keys.optional(("global_attn_every_n_layers",), 3)
        return {layer for layer in layers if layer % step == 0}
    if rule is LayerRule.LISTED:
        listed = listed_by_layer(keys, "hybrid_layer_pattern", num_layers) or [0] * num_layers
        return {layer for layer in layers if not listed[layer]}
    return set()


def letters(keys: ConfigKeys, num_layers: int) -> str:
    """Return the letter of each block of a hybrid model.

    Raises
    ------
    UnreadableError
        If there are others, or not as many as blocks.
    """
    found = keys.data.get(LETTERS_KEY)
    if found is None:
        names = listed_by_layer(keys, "layers_block_type", num_layers) or []
        found = "".join(_BLOCK_TYPES.get(str(name), "?") for name in names)
    if not isinstance(found, str) or len(found) != num_layers or set(found) - set(_LETTERS):
        what = f"must be {num_layers} of the letters M, *, E and -"
        keys.report(LETTERS_KEY, f"{what}, found {format_value(found)}")
        raise UnreadableError
    return found


def listed_by_layer(keys: ConfigKeys, name: str, num_layers: int) -> Sequence[object] | None:
    """Return a list with a value for each block, if there is such a key.

    Raises
    ------
    UnreadableError
        If there are more or fewer than blocks.
    """
    found = keys.data.get(name)
    if found is None or (name != "layer_types" and found == []):
        return None
    if not isinstance(found, list) or len(found) != num_layers:
        shown = f"{len(found)} items" if isinstance(found, list) else format_value(found)
        keys.report(name, f"must be a list of {num_layers} layers, found {shown}")
        raise UnreadableError
    return found


def _kinds_by_name(keys: ConfigKeys, listed: Sequence[object]) -> list[LayerKind]:
    known = tuple(kind.value for kind in LayerKind if kind is not LayerKind.NONE)
    kinds = []
    for index, listed_name in enumerate(listed):
        name = LayerKind.FULL if listed_name in _FULL_NAMES else listed_name
        if name not in known:
            where = (*keys.where, "layer_types", index)
            keys.issues.append(Issue(where, must_be_one_of(known, name)))
        kinds.append(LayerKind(str(name)) if name in known else LayerKind.FULL)
    return kinds


def layers_with_experts(keys: ConfigKeys, family: Family, num_layers: int) -> set[int]:
    """Return the blocks that have experts."""
    layers = range(num_layers)
    listed = listed_by_layer(keys, "mlp_layer_types", num_layers)
    if listed is not None:
        return {layer for layer in layers if listed[layer] == "sparse"}
    rule = family.expert_rule
    if rule is ExpertRule.LETTERS:
        return {layer for layer, letter in enumerate(letters(keys, num_layers)) if letter == "E"}
    if rule is ExpertRule.AFTER_DENSE:
        if isinstance(keys.data.get("moe_layer_freq"), list):
            chosen = listed_by_layer(keys, "moe_layer_freq", num_layers) or [0] * num_layers
            return {layer for layer in layers if chosen[layer]}
        first = keys.optional(("first_k_dense_replace",), 0, least=0)
        step = keys.optional(("moe_layer_freq",), 1)
        return {layer for layer in layers if layer >= first and layer % step == 0}
    if rule is ExpertRule.INTERLEAVED:
        step = keys.optional(("interleave_moe_layer_step",), 1)
        stepped = {layer for layer in layers if (layer + 1) % step == 0}
        return _whole_numbers(keys, "moe_layers") or stepped
    if rule is ExpertRule.RANGE:
        first = keys.optional(("moe_layer_start_index",), 0, least=0)
        last = keys.optional(("moe_layer_end_index",), num_layers - 1, least=-1)
        step = keys.optional(("moe_layer_interval",), 1)
        last = num_layers - 1 if last < 0 else last
        return {layer for layer in layers if first <= layer <= last and (layer + 1) % step == 0}
    step = keys.optional(("decoder_sparse_step",), 1)
    dense = _whole_numbers(keys, "mlp_only_layers")
    return {layer for layer in layers if layer not in dense and (layer + 1) % step == 0}


def _whole_numbers(keys: ConfigKeys, name: str) -> set[int]:
    found = keys.data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, int) for item in found):
        keys.report(name, f"must be a list of layers, found {format_value(found)}")
        return set()
    return set(found)
