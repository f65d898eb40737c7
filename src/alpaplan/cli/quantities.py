"""Types of option values: numbers, amounts with a unit, and lists of whole numbers."""

from __future__ import annotations

import re
from typing import Any

import click

from alpaplan.cli.param_type import ParamType

MAX_COUNT = 1_000_000
"""Largest count of an option, as of the documents (`alpaplan.specs.fields.Count`)."""

MIN_S = 1e-9
"""Shortest duration of an option (seconds) that is above zero: what is less is a slip in a unit,
and has no windows that could be counted."""

MAX_RATE_SCALE = 1e6
"""Largest factor of rates (a number): what is far from any traffic is a typing error."""


class WholeNumber(ParamType[int]):
    """A whole number in a range, both ends included.

    Parameters
    ----------
    smallest, largest
        The ends.
    """

    name = "whole number"

    def __init__(self, smallest: int = 1, largest: int = MAX_COUNT) -> None:
        self._smallest = smallest
        self._largest = largest

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read a whole number."""
        text = str(value).strip()
        if not re.fullmatch("[+-]?[0-9]{1,100}", text):
            self.fail(f"must be a whole number, found {value!r}", param, ctx)
        number = int(text)
        if not self._smallest <= number <= self._largest:
            limits = f"from {self._smallest:,} to {self._largest:,}"
            self.fail(f"must be {limits}, found {value!r}", param, ctx)
        return number


class ModelFactor(ParamType[tuple[str, float]]):
    """A model and a factor of its rate, such as ``chat=1.5``."""

    name = "factor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Read a model and its factor."""
        if isinstance(value, tuple):
            return value
        model, number = _of_model(self, value, "MODEL=X (e.g. chat=1.5)", param, ctx)
        return model, RateScale().convert(number, param, ctx)


class ModelClients(ParamType[tuple[str, int]]):
    """A model and how many clients it has, such as ``chat=32``."""

    name = "clients"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Read a model and its clients."""
        if isinstance(value, tuple):
            return value
        model, number = _of_model(self, value, "MODEL=CLIENTS (e.g. chat=32)", param, ctx)
        return model, WholeNumber(1).convert(number, param, ctx)


class Number(ParamType[float]):
    """A number in a range, its larger end included.

    Parameters
    ----------
    smallest, largest
        The ends.
    above
        Whether the smaller end is not included.
    """

    name = "number"

    def __init__(self, smallest: float, largest: float, *, above: bool = False) -> None:
        self._smallest = smallest
        self._largest = largest
        self._above = above

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number."""
        from alpaplan.units import parse_number

        try:
            number = parse_number(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        too_small = number < self._smallest or (self._above and number == self._smallest)
        if too_small or number > self._largest:
            start, join = ("above", "and at most") if self._above else ("from", "to")
            limits = f"{start} {self._smallest:g} {join} {self._largest:,.15g}"
            self.fail(f"must be {limits}, found {value!r}", param, ctx)
        return number


class RateScale(Number):
    """A factor of rates, above zero."""

    def __init__(self) -> None:
        super().__init__(0, MAX_RATE_SCALE, above=True)


def _of_model(
    kind: ParamType[Any],
    value: object,
    form: str,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> tuple[str, str]:
    """Split a model, whose name may have equals signs, from what is said of it."""
    model, _, said = str(value).rpartition("=")
    if not model:
        kind.fail(f"must be {form}, found {value!r}", param, ctx)
    return model, said


class Seconds(ParamType[float]):
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
        if 0 < duration_s < MIN_S:
            least = f"{'0 or ' if self._zero else ''}at least {MIN_S * 1e9:g} ns"
            self.fail(f"must be {least}, found {value!r}", param, ctx)
        if duration_s > MAX_QUANTITY:
            self.fail(f"must be at most {MAX_QUANTITY:g} s, found {value!r}", param, ctx)
        return duration_s


class Bytes(ParamType[int]):
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


class LeastServed(ParamType[tuple[int, float | None]]):
    """Replicas of each model, such as ``copies=2``, or an attainment, such as ``attainment=0.95``.

    The result is both: one replica where an attainment is given, and no attainment where none is.
    """

    name = "floor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, float | None]:
        """Read what it is of, and how much of it."""
        if isinstance(value, tuple):
            return value
        what, _, amount = map(str.strip, str(value).partition("="))
        if what == "copies":
            return WholeNumber(1).convert(amount, param, ctx), None
        if what != "attainment":
            self.fail(f"must be like copies=1 or attainment=0.95, found {value!r}", param, ctx)
        return 1, Number(0, 1).convert(amount, param, ctx)


class Counts(ParamType[tuple[int, ...]]):
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


class Pair(ParamType[tuple[str, str]]):
    """Two texts such as ``latency_s=p50_ms``."""

    name = "pair"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split at the first equals sign."""
        if isinstance(value, tuple):
            return value
        first, _, second = map(str.strip, str(value).partition("="))
        if not first or not second:
            self.fail(f"must be like latency_s=p50_ms, found {value!r}", param, ctx)
        return first, second


class Setting(ParamType[tuple[str, str]]):
    """A key and its value, such as ``router_port=80``; the value may be any text."""

    name = "setting"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split at the first equals sign."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"must be KEY=VALUE (e.g. router_port=80), found {value!r}", param, ctx)
        return key, text


class DocumentName(ParamType[str]):
    """A name that a document may have, or give to something."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take a name that documents may have."""
        from alpaplan.specs.fields import NAME_RULE, is_name

        if not is_name(value):
            self.fail(f"must be {NAME_RULE}, found {value!r}", param, ctx)
        return value
