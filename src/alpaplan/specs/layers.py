"""The layer profile: a model's layers before they are cut into stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from alpaplan.errors import Issue
from alpaplan.specs.fields import (
    Count,
    Name,
    NonNegativeBytes,
    NonNegativeSeconds,
    PositiveBytes,
    PositiveSeconds,
    Spec,
    duplicates,
    fail_at,
)
from alpaplan.specs.parallel_config import MAX_PARALLELISM

IntraOp = Annotated[int, Field(strict=True, ge=1, le=MAX_PARALLELISM)]
"""Devices that share each operator of a layer."""


class Link(Spec):
    """The way from one stage to the next."""

    latency_s: NonNegativeSeconds
    bandwidth_bytes_per_s: PositiveBytes


class Layer(Spec):
    """One layer: its latency by intra-op parallelism and batch size, and what it hands on."""

    name: Name
    weight_bytes: NonNegativeBytes = Field(description="of the whole layer, undivided")
    latency_s: dict[IntraOp, dict[Count, PositiveSeconds]] = Field(
        description="intra_op -> batch size -> seconds", min_length=1
    )
    output_bytes: dict[Count, NonNegativeBytes] = Field(
        description="batch size -> bytes handed to the next layer"
    )
    activation_bytes: dict[Count, NonNegativeBytes] | None = Field(
        default=None,
        description="batch size -> peak working memory on each device, the same for every intra_op",
    )

    @field_validator("latency_s")
    @classmethod
    def _same_batch_sizes(cls, value: dict[int, dict[int, float]]) -> dict[int, dict[int, float]]:
        sizes = list(next(iter(value.values())))
        issues = [] if sizes else [Issue((), "must have at least one batch size, found none")]
        for intra_op, latencies in value.items():
            issues += _other_keys((intra_op,), latencies, sizes)
        fail_at(issues)
        return value

    @field_validator("output_bytes", "activation_bytes")
    @classmethod
    def _batch_sizes_of_latency(
        cls, value: dict[int, int] | None, info: ValidationInfo
    ) -> dict[int, int] | None:
        latency_s = info.data.get("latency_s")
        if value is not None and latency_s is not None:
            fail_at(_other_keys((), value, list(next(iter(latency_s.values())))))
        return value


class LayerProfileSpec(Spec):
    """A model as a chain of layers measured on one device type."""

    kind: Literal["layer-profile"]
    version: Literal[1]
    name: Name
    source: str | None = None
    device: Name
    link: Link
    layers: tuple[Layer, ...] = Field(min_length=1)

    @field_validator("layers")
    @classmethod
    def _alike(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        issues = duplicates(layer.name for layer in layers)
        intra_ops = list(layers[0].latency_s)
        sizes = list(layers[0].output_bytes)
        for index, layer in enumerate(layers[1:], start=1):
            issues += _other_keys((index, "latency_s"), layer.latency_s, intra_ops)
            issues += _other_keys((index, "output_bytes"), layer.output_bytes, sizes)
        fail_at(issues)
        return layers


def _other_keys(
    where: tuple[str | int, ...], mapping: Mapping[int, object], wanted: list[int]
) -> list[Issue]:
    if set(mapping) == set(wanted):
        return []
    want, have = (", ".join(map(str, sorted(keys))) for keys in (wanted, mapping))
    return [Issue(where, f"must have the keys {want} as the others do, found {have or 'none'}")]
