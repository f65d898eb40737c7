"""Short texts for numbers, names and devices."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from alpaplan.specs.plan import NodeDevices

_NUMBERED = re.compile(r"(.*?)(\d+)")


def percent(fraction: float | None, digits: int = 2) -> str:
    """Show a fraction as a percentage; ``-`` if there is none."""
    return "-" if fraction is None or fraction != fraction else f"{100 * fraction:.{digits}f}%"


def missed(fraction: float, requests: int) -> int:
    """Return how many requests were missed if such a fraction of them was attained."""
    return round((1.0 - fraction) * requests)


def attained(fraction: float | None, requests: int | None = None) -> str:
    """Show an attainment as a percentage, or the misses as a number where that would round to 100.

    Parameters
    ----------
    fraction
        Of requests that were attained; None if there were none.
    requests
        How many there were, if that is known.
    """
    text = percent(fraction)
    if text != "100.00%" or fraction is None or fraction >= 1.0:
        return text
    if requests is None:
        return f"{100 * fraction:.6g}%"
    return f"{missed(fraction, requests):,} missed"


def number(value: float, digits: int = 3) -> str:
    """Show a number with so many significant digits, or all before the point; ``-`` if infinite."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def name_ranges(names: Sequence[str]) -> str:
    """Shorten runs of numbered names: ``m0 m1 m2 x`` becomes ``m0..2 x``."""
    return " ".join(text for text, _ in _runs(names))


def some_ranges(names: Sequence[str], most: int) -> str:
    """Return at most so many ranges of names, and how many more names there are."""
    runs = _runs(names)
    num_more = sum(count for _, count in runs[most:])
    return _and_more(" ".join(text for text, _ in runs[:most]), num_more)


def some_names(names: Sequence[str], most: int) -> str:
    """Return the ranges of at most so many names, and how many more there are."""
    return _and_more(name_ranges(names[:most]), len(names) - most)


def device_ranges(items: Sequence[NodeDevices]) -> str:
    """Show devices by node: ``p3-0[0-3]``; whole runs of equally used nodes in one piece."""
    texts = [f"{item.node}[{number_ranges(item.devices)}]" for item in items]
    if len(texts) > 3:
        return f"{texts[0]} .. {texts[-1]} ({len(texts)} nodes)"
    return " ".join(texts)


def number_ranges(numbers: Sequence[int]) -> str:
    """Shorten runs of numbers: ``0 1 2 5`` becomes ``0-2,5``."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _and_more(text: str, num_more: int) -> str:
    return text + (f" and {num_more:,} more" if num_more > 0 else "")


def _runs(names: Sequence[str]) -> list[tuple[str, int]]:
    """Return the text of each run of names, and how many names it has."""
    runs: list[tuple[str, int, int]] = []
    for name in names:
        match = _NUMBERED.fullmatch(name)
        # A number with leading zeros is part of the name, not something to count on.
        if match is None or match[2] != str(int(match[2])):
            runs.append((name, 0, -1))
            continue
        stem, number = match[1], int(match[2])
        if runs and runs[-1][0] == stem and runs[-1][1] <= runs[-1][2] == number - 1:
            runs[-1] = (stem, runs[-1][1], number)
        else:
            runs.append((stem, number, number))
    return [
        (stem, 1)
        if last < first
        else (f"{stem}{first}" + (f"..{last}" if last > first else ""), last - first + 1)
        for stem, first, last in runs
    ]
