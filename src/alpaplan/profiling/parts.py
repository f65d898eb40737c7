"""The parts of a block that a checkpoint may quantize or not."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """A part of a block, as messages call it."""

    MIXER = "attention"
    MLP = "feed-forward layer"
    EXPERTS = "routed experts"
    SHARED = "shared expert"
