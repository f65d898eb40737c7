"""Numbers as plans have them."""

from __future__ import annotations

import math

SIGNIFICANT_DIGITS = 6
"""Digits of predicted numbers in a plan: more than any sample supports, few enough to read."""


def rounded(number: float) -> float:
    """Return a number with `SIGNIFICANT_DIGITS`."""
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}")


def digits(number: float) -> float | None:
    """Return the same; None in place of NaN."""
    return None if math.isnan(number) else rounded(number)


def finite_digits(number: float) -> float | None:
    """Return the same; None in place of what is infinite or not defined."""
    return rounded(number) if math.isfinite(number) else None
