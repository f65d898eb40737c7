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


def number(value: float, digits: int = 3) -> str:
    """Show a number with so many significant digits, or all before the point; ``-`` if infinite."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def name_ranges(names: Sequence[str]) -> str:
    """Shorten runs of numbered names: ``m0 m1 m2 x`` becomes ``m0..2 x``."""
    parts: list[str] = []
    run: tuple[str, int, int] | None = None
    for name in names:
        match = _NUMBERED.fullmatch(name)
        stem, number = (match.group(1), match.group(2)) if match else (name, "")
        if run is not None and number and stem == run[0] and number == str(run[2] + 1):
            run = (stem, run[1], run[2] + 1)
            continue
        parts += _run_text(run)
        # A number with leading zeros is part of the name, not something to count on.
        countable = bool(number) and number == str(int(number))
        run = (stem, int(number), int(number)) if countable else None
        if run is None:
            parts.append(name)
    return " ".join(parts + _run_text(run))


def some_names(names: Sequence[str], most: int) -> str:
    """Return the ranges of at most so many names, and how many more there are."""
    num_more = len(names) - most
    return name_ranges(names[:most]) + (f" and {num_more:,} more" if num_more > 0 else "")


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


def _run_text(run: tuple[str, int, int] | None) -> list[str]:
    if run is None:
        return []
    stem, first, last = run
    return [f"{stem}{first}" if first == last else f"{stem}{first}..{last}"]
