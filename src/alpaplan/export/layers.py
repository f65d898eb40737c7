"""How an engine has to cut a model to get the stages of its profile."""

from __future__ import annotations

from collections.abc import Sequence

from alpaplan.specs.stages import StageLayers

MAX_OTHER_LAYERS = 2
"""Layers of a profile before its blocks, and behind them (a count): the embedding and a norm, or a
norm and the head. With more, a profile counts something else than the engine does."""


def blocks_of_stages(
    stages: Sequence[StageLayers], num_layers: int, first_block: int
) -> tuple[int, ...]:
    """Return how many blocks each stage runs.

    Parameters
    ----------
    stages
        The layers of each stage, counted as the profile counts them.
    num_layers, first_block
        How many blocks the engine counts, and which of the profile's layers is the first.

    Raises
    ------
    ValueError
        If these cannot be the blocks of such stages; the message says why.
    """
    total = stages[-1].layers[1] + 1
    behind = total - first_block - num_layers
    if first_block > MAX_OTHER_LAYERS:
        raise ValueError(
            f"must leave at most {MAX_OTHER_LAYERS} layers before the first block, "
            f"found first_block {first_block}"
        )
    if not 0 <= behind <= MAX_OTHER_LAYERS:
        raise ValueError(
            f"must be the blocks of a profile of {total} layers, of which {first_block} come "
            f"before the first block and at most {MAX_OTHER_LAYERS} after the last, "
            f"found {num_layers}"
        )
    blocks = tuple(
        max(0, min(last + 1, first_block + num_layers) - max(first, first_block))
        for first, last in (stage.layers for stage in stages)
    )
    if 0 in blocks:
        raise ValueError(
            f"must give each stage a block, found none in stage {blocks.index(0)}, which runs "
            "only layers before the first block or after the last"
        )
    return blocks
