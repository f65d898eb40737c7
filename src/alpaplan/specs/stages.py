"""Stage boundaries: which layers each stage of a cut model runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from alpaplan.errors import Issue
from alpaplan.specs.fields import Spec, fail_at

LayerIndex = Annotated[int, Field(strict=True, ge=0, lt=1_000_000)]
"""Index of a layer in its model, from 0."""


class StageLayers(Spec):
    """The layers that one stage runs."""

    layers: tuple[LayerIndex, LayerIndex] = Field(
        description="first and last layer, counted from 0, both inclusive"
    )


def _in_order(stages: tuple[StageLayers, ...]) -> tuple[StageLayers, ...]:
    """Make sure that the stages are the whole model from its first layer on, nothing twice."""
    issues = []
    expected = 0
    for index, stage in enumerate(stages):
        first, last = stage.layers
        if first != expected:
            after = "the first layer" if index == 0 else "after the stage before"
            message = f"must begin at layer {expected}, {after}, found {first}"
            issues.append(Issue((index, "layers"), message))
        elif last < first:
            message = f"must not end before it begins, found {first} to {last}"
            issues.append(Issue((index, "layers"), message))
        expected = max(first, last) + 1
    fail_at(issues)
    return stages


Stages = Annotated[tuple[StageLayers, ...], AfterValidator(_in_order)]
"""The layers of each stage: contiguous, in order, from the first layer on."""


def wrong_number_of_stages(
    where: tuple[str | int, ...], stages: Sequence[StageLayers] | None, inter_op: int | None
) -> list[Issue]:
    """Return an issue if there are stages, and not as many as the configuration has."""
    if stages is None or inter_op is None or len(stages) == inter_op:
        return []
    return [Issue(where, f"must have inter_op = {inter_op} stages, found {len(stages)}")]


def layer_ranges(stages: Sequence[StageLayers] | None) -> str:
    """Show the layers of each stage: ``0-11 12-23``; ``-`` if they are not known."""
    ranges = (stage.layers for stage in stages or ())
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges) or "-"
