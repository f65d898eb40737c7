"""A Hugging Face ``config.json`` as plain data to a `Transformer`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alpaplan.errors import Issue, SpecError
from alpaplan.profiling.architecture import Block, Mixer, Transformer
from alpaplan.profiling.config_blocks import parts_of_blocks
from alpaplan.profiling.config_decoder import with_decoder
from alpaplan.profiling.config_feed_forward import feed_forward_of
from alpaplan.profiling.config_heads import has_decoder, head_of
from alpaplan.profiling.config_keys import MAX_LAYERS, MAX_SIZE, ConfigKeys
from alpaplan.profiling.config_layers import UnreadableError, layer_kinds
from alpaplan.profiling.config_mixers import SPARSE_KEY, mixer_of
from alpaplan.profiling.config_sides import num_side_parameters, with_sides
from alpaplan.profiling.config_tower import tower_and_notes
from alpaplan.profiling.families import Family, LayerKind
from alpaplan.profiling.family_table import FAMILIES
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.recurrence import Recurrence
from alpaplan.registry import must_be_one_of

TOKEN_TYPES = 2
"""Token types where no key gives their number, as in BERT's configuration class."""

OTHER_WAY = "for other families, import measurements with profile import --from table"


def transformer_of(config: Mapping[str, object]) -> Transformer:
    """Read the architecture of a model.

    Parameters
    ----------
    config
        What the ``config.json`` says.

    Raises
    ------
    SpecError
        Of the role ``"config"``, with everything that is missing or wrong.
    """
    keys = ConfigKeys.of(config)
    model_type = keys.data.get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        raise SpecError("config", [_unknown_family(keys, model_type)])
    family = FAMILIES[model_type]
    try:
        if family.refine is not None:
            family = family.refine(keys, family)
        transformer = _transformer(keys, model_type, family)
    except UnreadableError:
        raise SpecError("config", keys.issues) from None
    if keys.issues:
        raise SpecError("config", keys.issues)
    return transformer


def _unknown_family(keys: ConfigKeys, model_type: object) -> Issue:
    if model_type is None:
        return Issue(keys.where, f"missing key 'model_type' (one of {', '.join(FAMILIES)})")
    message = must_be_one_of(FAMILIES, model_type)
    return Issue((*keys.where, "model_type"), f"{message} ({OTHER_WAY})")


def _transformer(keys: ConfigKeys, model_type: str, family: Family) -> Transformer:
    hidden = keys.count(family.hidden)
    num_layers = keys.count(family.layers, largest=MAX_LAYERS)
    vocab_size = keys.count(("vocab_size",))
    num_positions = keys.count(family.positions) if family.positions else 0
    parts = _parts(keys, family, num_layers, hidden)
    if hidden is None or vocab_size is None or num_positions is None:
        raise UnreadableError
    blocks = [
        Block(
            mixer=mixer,
            mlp=mlp,
            num_norms=family.num_norms - family.block_configs * ((mixer is None) + (mlp is None)),
            norm_bias=family.norm_bias,
            parallel=family.parallel,
            num_scalars=family.num_scalars,
        )
        for mixer, mlp in parts
    ]
    if not family.first_norm:
        blocks[0] = replace(blocks[0], num_norms=family.num_norms - 1)
    blocks = with_sides(keys, family, blocks)
    decoder = has_decoder(keys, family)
    if family.decoder_layers:
        blocks = with_decoder(keys, family, blocks, decoder=decoder)
    num_extra = _num_extra_embeddings(keys, family, hidden)
    if decoder and family.convolved is not None:
        num_positions += keys.count(("max_target_positions",), least=0) or 0
    width = family.embedding_width
    head, head_notes = head_of(keys, family, vocab_size)
    tower, notes = tower_and_notes(keys, hidden)
    return Transformer(
        model_type=model_type,
        hidden_size=hidden,
        vocab_size=vocab_size,
        blocks=tuple(blocks),
        embedding_width=hidden if width is None else keys.optional((width,), hidden),
        num_positions=num_positions + family.position_offset,
        max_input_len=_max_input_len(keys, family),
        num_extra_embeddings=num_extra,
        num_side_parameters=num_side_parameters(keys, family, len(blocks), hidden),
        head=head,
        num_extra_norms=family.num_extra_norms + decoder,
        norm_bias=family.norm_bias,
        tower=tower,
        notes=(*head_notes, *notes),
    )


def _num_extra_embeddings(keys: ConfigKeys, family: Family, hidden: int) -> int:
    """Return the vectors beside those of tokens and positions: token types, or convolutions.

    The convolutions are two with kernels of 3, of sound and of what the first makes of it.
    """
    num_types = keys.optional(family.token_types, TOKEN_TYPES, least=0) if family.token_types else 0
    if family.convolved is None:
        return num_types
    return num_types + 3 * (keys.count((family.convolved,)) or 0) + 1 + 3 * hidden + 1


def _parts(
    keys: ConfigKeys, family: Family, num_layers: int | None, hidden: int | None
) -> Sequence[tuple[Mixer | None, Mlp | Experts | None]]:
    """Return the two parts of each block.

    Raises
    ------
    UnreadableError
        If something is amiss; what is wrong is noted.
    """
    if family.block_configs:
        return parts_of_blocks(keys, family, num_layers, hidden)
    mixers = None
    if hidden is not None:
        mixers = _mixers(keys, family, num_layers, hidden)
    else:
        keys.count(family.heads)
    feed_forward = feed_forward_of(keys, family, num_layers, hidden)
    if mixers is None:
        raise UnreadableError
    return list(zip(mixers, feed_forward, strict=True))


def _mixers(
    keys: ConfigKeys, family: Family, num_layers: int | None, hidden: int
) -> list[Mixer | None] | None:
    """Return what each block mixes tokens by; None if something is amiss."""
    kinds = layer_kinds(keys, family, 1 if num_layers is None else num_layers)
    by_kind: dict[LayerKind, Mixer | None] = {LayerKind.NONE: None}
    for kind in dict.fromkeys(kinds):
        if kind is not LayerKind.NONE:
            by_kind[kind] = mixer_of(keys, family, kind, hidden)
            if by_kind[kind] is None:
                return None
    return [_in_layer(by_kind[kind], layer, keys) for layer, kind in enumerate(kinds)]


def _in_layer(mixer: Mixer | None, layer: int, keys: ConfigKeys) -> Mixer | None:
    """Return a block's mixer with its own indexer, that of a block before, or none."""
    if mixer is None or isinstance(mixer, Recurrence) or mixer.indexer is None:
        return mixer
    indexers, sparse = keys.data.get("indexer_types"), keys.data.get(SPARSE_KEY)
    if isinstance(indexers, list) and indexers[layer : layer + 1] == ["shared"]:
        return replace(mixer, indexer=replace(mixer.indexer, shared=True))
    chosen = sparse.get("sparse_attention_freq") if isinstance(sparse, Mapping) else None
    if isinstance(chosen, list) and chosen[layer : layer + 1] == [0]:
        return replace(mixer, indexer=None)
    return mixer


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
            stretched = min(base * factor, MAX_SIZE) if math.isfinite(factor) else 0
            positions = max(positions, int(stretched))
    if family.padded_positions:
        positions -= keys.optional(("pad_token_id",), 1, least=0) + 1
    return max(positions, 1)
