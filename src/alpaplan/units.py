"""Text with a unit to numbers: ``16GiB`` to bytes, ``151ms`` to seconds, and back for people."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal

BYTE_UNITS: dict[str, int] = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
"""Bytes in one of each unit; decimal and binary prefixes as in IEC 80000-13."""

SECOND_UNITS: dict[str, Decimal] = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
"""Seconds in one of each unit."""

MAX_SHOWN_LENGTH = 60
"""Longest value that a message shows whole."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*([A-Za-zµ]*)")


def parse_bytes(value: object) -> int:
    """Read a number of bytes, from a number or a text such as ``"13.4GB"``.

    Fractions of a byte are rounded up, so that a memory check never errs on the
    side of too little.

    Raises
    ------
    ValueError
        If it is not a finite number with a known unit.
    """
    return math.ceil(_quantity(value, {k: Decimal(v) for k, v in BYTE_UNITS.items()}, "16GiB"))


def parse_seconds(value: object) -> float:
    """Read a duration in seconds, from a number or a text such as ``"151ms"``.

    Raises
    ------
    ValueError
        If it is not a finite number with a known unit.
    """
    return float(_quantity(value, SECOND_UNITS, "151ms"))


def parse_number(value: object) -> float:
    """Read a plain finite number; YAML 1.1 leaves ``1e-3`` a text, so that is accepted too.

    Raises
    ------
    ValueError
        If it is not a finite number.
    """
    return float(_quantity(value, {}, "0.5"))


def _quantity(value: object, units: dict[str, Decimal], example: str) -> Decimal:
    what = f"must be a number or text like {example!r}" if units else "must be a number"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{what}, found {format_value(value)}")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"must be finite, found {value!r}")
        return Decimal(str(value))
    match = _QUANTITY.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{what}, found {format_value(value)}")
    number, unit = match.groups()
    if not unit:
        return Decimal(number)
    if unit not in units:
        known = ", ".join(units) or "none here"
        raise ValueError(f"unknown unit {unit!r} (known: {known}), found {format_value(value)}")
    return Decimal(number) * units[unit]


def finite_or_none(number: float) -> float | None:
    """Return a number as JSON can hold it: None in place of what is infinite or not defined."""
    return number if math.isfinite(number) else None


def format_bytes(num_bytes: float) -> str:
    """Show bytes for people, with a decimal prefix: ``13.4 GB``."""
    for unit in ("TB", "GB", "MB", "kB"):
        if abs(num_bytes) >= BYTE_UNITS[unit]:
            return f"{num_bytes / BYTE_UNITS[unit]:.4g} {unit}"
    return f"{num_bytes:.0f} B"


def exact_bytes(num_bytes: int) -> str:
    """Show bytes for people to compare: ``13400000000 bytes (13.4 GB)``."""
    return f"{num_bytes} bytes ({format_bytes(num_bytes)})"


def format_seconds(duration_s: float) -> str:
    """Show a duration for people: ``151 ms``, ``1.98 s``."""
    if math.isnan(duration_s):
        return "-"
    for unit, num_units in (("us", duration_s * 1e6), ("ms", duration_s * 1e3)):
        # Below 1,000 once it is rounded: 0.9999 s is "1 s", not "1e+03 ms".
        if 0 < abs(num_units) < 999.5:
            return f"{num_units:.3g} {unit}"
    return f"{duration_s:.3g} s" if abs(duration_s) < 100 else f"{duration_s:.0f} s"


def format_count(number: int, noun: str) -> str:
    """Show a number of things for people: ``1 model``, ``2,000 models``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_steps(numbers: Iterable[int]) -> str:
    """Name steps for people: ``step 2``, ``steps 2, 3``."""
    listed = [f"{number:,}" for number in numbers]
    return f"step{'' if len(listed) == 1 else 's'} {', '.join(listed)}"


def format_value(value: object) -> str:
    """Show a value that was found in a file, in one short line, as the file would write it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**MAX_SHOWN_LENGTH:
        return "a number too long to show"  # Python refuses to write very long integers
    if isinstance(value, str) and len(value) > MAX_SHOWN_LENGTH:
        return f"{value[:MAX_SHOWN_LENGTH]!r}... ({len(value)} characters)"
    return repr(value)
