"""Vision towers: the weights that turn images into a language model's hidden states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from alpaplan.profiling.architecture import Block
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.config_keys import MAX_LAYERS, ConfigKeys
from alpaplan.profiling.feed_forward import Mlp


@dataclass(frozen=True)
class TowerFamily:
    """How the configuration of one kind of tower reads, and what it consists of.

    Parameters
    ----------
    hidden, layers, intermediate, positions
        Keys of sizes. Without a key of positions these are the patches of the largest image.
    defaults
        What its configuration class assumes where a configuration does not say.
    gated, bias, norm_bias
        Of the blocks.
    patch_bias
        Whether the embedding of patches adds a vector.
    class_token
        Whether a vector of its own, with a position, stands before those of the patches.
    learned_positions
        Whether positions are learned.
    num_norms, num_extra_norms
        Normalizations of a block and outside the blocks.
    more
        What else it has.
    """

    hidden: str = "hidden_size"
    layers: str = "num_hidden_layers"
    intermediate: str = "intermediate_size"
    positions: str | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    gated: bool = False
    bias: bool = True
    norm_bias: bool = True
    patch_bias: bool = True
    class_token: bool = False
    learned_positions: bool = True
    num_norms: int = 2
    num_extra_norms: int = 1
    more: Callable[[ConfigKeys, int], int] = lambda keys, hidden: 0


def num_tower_parameters(keys: ConfigKeys, family: TowerFamily, hidden: int) -> int:
    """Return the weights of a tower whose blocks are `hidden` wide, without its projector."""
    num_layers = keys.count((family.layers,), largest=MAX_LAYERS) or 1
    block = Block(
        mixer=Attention(
            num_heads=1,
            num_kv_heads=1,
            head_dim=hidden,
            causal=False,
            qkv_bias=family.bias,
            output_bias=family.bias,
        ),
        mlp=Mlp(_intermediate(keys, family, hidden), family.gated, family.bias),
        num_norms=family.num_norms,
        norm_bias=family.norm_bias,
    )
    patch = _side(keys, "patch_size", 14)
    channels = keys.optional(("num_channels", "in_channels", "in_chans"), 3)
    frames = keys.optional(("temporal_patch_size",), 1)
    num_vectors = channels * frames * patch**2 + family.patch_bias + family.class_token
    if family.learned_positions:
        num_vectors += family.class_token + _num_positions(keys, family, patch)
    num_vectors += family.num_extra_norms * (1 + family.norm_bias)
    own = num_vectors * hidden + num_layers * block.num_parameters(hidden)
    return own + family.more(keys, hidden)


def _intermediate(keys: ConfigKeys, family: TowerFamily, hidden: int) -> int:
    if family.intermediate == "mlp_ratio":
        return keys.optional(("mlp_ratio",), 4) * hidden
    return keys.count((family.intermediate,)) or 1


def _num_positions(keys: ConfigKeys, family: TowerFamily, patch: int) -> int:
    if family.positions is not None:
        return keys.optional((family.positions,), 0, least=0)
    return (_side(keys, "image_size", patch) // patch) ** 2


def _side(keys: ConfigKeys, name: str, default: int) -> int:
    """Return the side of a square, which some configurations give twice."""
    value = keys.data.get(name)
    if isinstance(value, list) and len(value) == 2 and value[0] == value[1]:
        keys = replace(keys, data={**keys.data, name: value[0]})
    return keys.optional((name,), default)
