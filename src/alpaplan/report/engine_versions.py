"""A line about LLM profiles that were measured with differing engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MAX_NAMED = 3
"""Profiles that are named of each engine."""


def describe_engines(engines: Mapping[str, Sequence[str]]) -> str:
    """Name the engines, and what was measured with each.

    Parameters
    ----------
    engines
        Engine and version -> profiles and device types.
    """
    parts = [f"{name} ({_some(what)})" for name, what in engines.items()]
    return (
        f"the LLM profiles of this plan are of different engines, whose times differ by software "
        f"too: {'; '.join(parts)}"
    )


def _some(names: Sequence[str]) -> str:
    num_more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {num_more:,} more" if num_more > 0 else "")
