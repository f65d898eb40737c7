"""Points of an axis as an option: ``rate=0.5,1,2`` or ``cv=1..8/8``."""

from __future__ import annotations

from dataclasses import dataclass

import click

from alpaplan.cli.param_type import ParamType
from alpaplan.cli.quantities import Number, WholeNumber
from alpaplan.registry import must_be_one_of
from alpaplan.specs.choices import SizeAxis

SWEPT = (SizeAxis.RATE, SizeAxis.CV, SizeAxis.SLO, SizeAxis.NODES)
"""Axes whose points can be given."""

MAX_POINTS = 1000
"""Most points of a grid (a count): each is a plan."""

_EXAMPLES = "rate=0.5,1,2 or cv=1..8/8"


@dataclass(frozen=True)
class Grid:
    """Points of an axis."""

    axis: SizeAxis
    values: tuple[float, ...]


class GridOption(ParamType[Grid]):
    """An axis and points: listed, or from a first to a last one in so many equal steps."""

    name = "grid"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Grid:
        """Read an axis and its points."""
        if isinstance(value, Grid):
            return value
        name, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"must be like {_EXAMPLES}, found {value!r}", param, ctx)
        if name not in SWEPT:
            self.fail(f"axis {must_be_one_of(map(str, SWEPT), name)}", param, ctx)
        number = Number(0, 1e6, above=True)
        first, dots, rest = text.partition("..")
        if not dots:
            values = tuple(number.convert(part.strip(), param, ctx) for part in text.split(","))
            return Grid(SizeAxis(name), values)
        last, slash, steps = rest.partition("/")
        if not slash:
            self.fail(
                f"a range must have its number of points (cv=1..8/8), found {value!r}", param, ctx
            )
        low, high = (number.convert(end.strip(), param, ctx) for end in (first, last))
        count = WholeNumber(2, MAX_POINTS).convert(steps, param, ctx)
        step = (high - low) / (count - 1)
        values = tuple(float(f"{low + index * step:.12g}") for index in range(count))
        return Grid(SizeAxis(name), values)
