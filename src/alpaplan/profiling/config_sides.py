"""What small models have beside: vectors for single blocks, and keys that blocks borrow."""

from __future__ import annotations

from dataclasses import replace

from alpaplan.profiling.architecture import Block
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.families import Family
from alpaplan.profiling.feed_forward import Mlp


def with_sides(keys: ConfigKeys, family: Family, blocks: list[Block]) -> list[Block]:
    """Return the blocks with what takes vectors of their own in, the last ones borrowing keys."""
    width = side_width(keys, family)
    if width:
        side = Mlp(width, gated=False)
        blocks = [replace(block, side=side, num_norms=block.num_norms + 1) for block in blocks]
    num_borrowing = keys.optional((family.borrowing,), 0, least=0) if family.borrowing else 0
    first = max(len(blocks) - num_borrowing, 0)
    doubled = keys.flag(family.doubled, default=False)
    return [*blocks[:first], *(_borrowing(block, doubled=doubled) for block in blocks[first:])]


def _borrowing(block: Block, *, doubled: bool) -> Block:
    if isinstance(block.mixer, Attention):
        block = replace(block, mixer=replace(block.mixer, borrowed_kv=True))
    if doubled and isinstance(block.mlp, Mlp):
        width = 2 * block.mlp.intermediate_size
        block = replace(block, mlp=replace(block.mlp, intermediate_size=width))
    return block


def side_width(keys: ConfigKeys, family: Family) -> int:
    """Return the width of vectors that tokens have for single blocks; 0 without them."""
    return keys.optional((family.side_width,), 0, least=0) if family.side_width else 0


def num_side_parameters(keys: ConfigKeys, family: Family, num_blocks: int, hidden: int) -> int:
    """Return the weights that make these vectors: an embedding, a projection and a norm."""
    width = side_width(keys, family)
    vocab_size = keys.optional(("vocab_size_per_layer_input", "vocab_size"), 1)
    return (vocab_size + hidden) * num_blocks * width + width
