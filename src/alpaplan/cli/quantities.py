"""Option values with a unit."""

from __future__ import annotations

import click


def seconds_option(name: str, text: str | None) -> float | None:
    """Read a duration such as ``10s`` or ``2min``; None stays None.

    Raises
    ------
    click.UsageError
        If it is not a duration above zero.
    """
    from alpaplan.units import parse_seconds

    if text is None:
        return None
    try:
        duration_s = parse_seconds(text)
    except ValueError as error:
        raise click.UsageError(f"{name}: {error}") from error
    if duration_s <= 0:
        raise click.UsageError(f"{name}: must be above 0, found {text!r}")
    return duration_s
