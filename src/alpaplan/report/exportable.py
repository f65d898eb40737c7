"""What keeps a plan from being exported, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from alpaplan.report.text import some_ranges

MAX_RANGES = 6
"""Ranges of groups that are named (a count; 3 to 12), so that the sentence stays short."""


def describe_sharing(groups: Sequence[str]) -> str:
    """Say which groups no export can start as planned, and what would change it."""
    where = f"several models share one process on {some_ranges(groups, MAX_RANGES)}"
    return (
        f"the engines of this plan cannot be exported: {where}; to export them, set "
        "serving.process_overhead_bytes in the cluster and plan again"
    )
