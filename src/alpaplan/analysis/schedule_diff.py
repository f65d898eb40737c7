"""A diff of schedules: plan diffs, each with the time from which it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alpaplan.analysis.plan_diff import PlanDiff
from alpaplan.units import finite_or_none


@dataclass(frozen=True)
class PlacementDiff:
    """What changes where one placement takes the place of another.

    Parameters
    ----------
    start_s, end_s
        From when to when the new one is current; infinite for the last.
    diff
        What changes, and the steps.
    """

    start_s: float
    end_s: float
    diff: PlanDiff

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "start_s": self.start_s,
            "end_s": finite_or_none(self.end_s),
            "diff": self.diff.to_json_dict(),
        }


@dataclass(frozen=True)
class ScheduleDiff:
    """What changes from placement to placement of a schedule, or between two schedules.

    Parameters
    ----------
    old_sha256, new_sha256
        Hashes of the files; the second is None for the changes that one schedule makes.
    changes
        In order of time, without those that change nothing.
    """

    old_sha256: str
    new_sha256: str | None
    changes: tuple[PlacementDiff, ...]

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to do at any time."""
        return not self.changes

    @property
    def below_floor(self) -> tuple[PlacementDiff, ...]:
        """The changes with steps that do not keep the floor."""
        return tuple(change for change in self.changes if change.diff.below_floor)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "kind": "schedule-diff",
            "version": 1,
            "old": {"sha256": self.old_sha256},
            "new": None if self.new_sha256 is None else {"sha256": self.new_sha256},
            "same": self.is_same,
            "changes": [change.to_json_dict() for change in self.changes],
        }
