"""Types of option values: with a unit, or lists of whole numbers."""

from __future__ import annotations

import math
import re
from typing import Any

import click

MAX_COUNT = 1_000_000
"""Largest count of an option, as of the documents (`alpaplan.specs.fields.Count`)."""


class Seconds(click.ParamType[float]):
    """A duration above zero, such as ``10s`` or ``2min``.

    Parameters
    ----------
    zero
        Whether 0 is a duration too.
    """

    name = "duration"

    def __init__(self, *, zero: bool = False) -> None:
        self._zero = zero

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a duration."""
        from alpaplan.specs.fields import MAX_QUANTITY
        from alpaplan.units import parse_seconds

        try:
            duration_s = parse_seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if duration_s < 0 or (duration_s == 0 and not self._zero):
            limit = "at least" if self._zero else "above"
            self.fail(f"must be {limit} 0, found {value!r}", param, ctx)
        if duration_s > MAX_QUANTITY:
            self.fail(f"must be at most {MAX_QUANTITY:g} s, found {value!r}", param, ctx)
        return duration_s


class Number(click.FloatRange):
    """A number in a range; unlike in `click.FloatRange`, NaN is in none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"must be a number, found {value!r}", param, ctx)
        return number


class Bytes(click.ParamType[int]):
    """An amount of memory above zero, such as ``13GiB``."""

    name = "bytes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read an amount of memory."""
        from alpaplan.specs.fields import MAX_QUANTITY
        from alpaplan.units import parse_bytes

        try:
            num_bytes = parse_bytes(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 < num_bytes <= MAX_QUANTITY:
            limits = f"above 0 and at most {MAX_QUANTITY:g}"
            self.fail(f"must be {limits}, found {value!r}", param, ctx)
        return num_bytes


class Counts(click.ParamType[tuple[int, ...]]):
    """Whole numbers from 1 up, such as ``1,2,4``; sorted, each once."""

    name = "counts"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read the numbers."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(re.fullmatch("-?[0-9]{1,100}", part) for part in parts):
            self.fail(f"must be whole numbers like 1,2,4, found {value!r}", param, ctx)
        counts = tuple(sorted(set(map(int, parts))))
        if counts[0] < 1 or counts[-1] > MAX_COUNT:
            self.fail(f"must be from 1 to {MAX_COUNT:,}, found {value!r}", param, ctx)
        return counts
