"""Numbers as JSON can hold them."""

from __future__ import annotations

import math


def finite_or_none(number: float) -> float | None:
    """Return a number, or None in place of what is infinite or not defined."""
    return number if math.isfinite(number) else None
