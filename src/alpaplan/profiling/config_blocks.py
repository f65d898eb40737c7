"""Models whose blocks a search made different: ``block_configs`` lists the parts of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alpaplan.errors import Issue
from alpaplan.profiling.architecture import Mixer
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.config_keys import MAX_SIZE, ConfigKeys
from alpaplan.profiling.config_layers import UnreadableError, listed_by_layer
from alpaplan.profiling.config_mixers import mixer_of
from alpaplan.profiling.families import Family, LayerKind
from alpaplan.profiling.feed_forward import Mlp
from alpaplan.units import format_value

KEY = "block_configs"

_WIDTH_STEP = 256
"""Widths of feed-forward layers are rounded up to a multiple of this."""


def parts_of_blocks(
    keys: ConfigKeys, family: Family, num_layers: int | None, hidden: int | None
) -> list[tuple[Mixer | None, Mlp | None]]:
    """Return what each block consists of (Bercovich et al., "Puzzle", 2024, arXiv 2411.19146).

    Raises
    ------
    UnreadableError
        If something is amiss; what is wrong is noted.
    """
    if num_layers is None or hidden is None:
        raise UnreadableError
    whole = mixer_of(_without_kv_heads(keys), family, LayerKind.FULL, hidden)
    listed = listed_by_layer(keys, KEY, num_layers)
    if listed is None:
        keys.issues.append(Issue(keys.where, f"missing key {KEY!r}"))
    if listed is None or not isinstance(whole, Attention):
        raise UnreadableError
    blocks: list[tuple[Mixer | None, Mlp | None]] = []
    for index, entry in enumerate(listed):
        attention, ffn = _settings(entry, "attention"), _settings(entry, "ffn")
        for name, part in (("attention", attention), ("ffn", ffn)):
            if part.get("replace_with_linear"):
                where = (*keys.where, KEY, index, name, "replace_with_linear")
                keys.issues.append(Issue(where, "must be false: such parts are not known"))
        mixer = None if attention.get("no_op") else _attention(keys, whole, index, attention)
        mlp = None if ffn.get("no_op") else _mlp(keys, index, ffn, hidden)
        blocks.append((mixer, mlp))
    return blocks


def _without_kv_heads(keys: ConfigKeys) -> ConfigKeys:
    """Return the keys without the heads of keys and values, which each block says itself."""
    return replace(keys, data={**keys.data, "num_key_value_heads": None})


def _settings(entry: object, name: str) -> Mapping[str, object]:
    """Return what an entry says of one part; nothing at all is no part."""
    found = entry.get(name) if isinstance(entry, Mapping) else None
    return found if isinstance(found, Mapping) else {"no_op": True}


def _attention(
    keys: ConfigKeys, whole: Attention, index: int, settings: Mapping[str, object]
) -> Attention:
    in_group = settings.get("n_heads_in_group")
    if type(in_group) is not int or in_group < 1 or whole.num_heads % in_group:
        where = (*keys.where, KEY, index, "attention", "n_heads_in_group")
        message = f"must divide the {whole.num_heads} heads, found {format_value(in_group)}"
        keys.issues.append(Issue(where, message))
        return whole
    return replace(whole, num_kv_heads=whole.num_heads // in_group)


def _mlp(keys: ConfigKeys, index: int, settings: Mapping[str, object], hidden: int) -> Mlp:
    """Return a gated layer of two thirds of the width that the factor gives, rounded up."""
    factor = settings.get("ffn_mult")
    width = 0
    if isinstance(factor, int | float) and 0 < factor < MAX_SIZE / hidden:
        width = -(-int(2 * factor * hidden / 3) // _WIDTH_STEP) * _WIDTH_STEP
    if width < 1:
        where = (*keys.where, KEY, index, "ffn", "ffn_mult")
        keys.issues.append(Issue(where, f"must be a number above 0, found {format_value(factor)}"))
    return Mlp(max(width, 1), gated=True, bias=keys.flag("mlp_bias", default=False))
