"""What is read of files of measurements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from alpaplan.files.line_issues import FileIssues

Record = TypeVar("Record")
Source = TypeVar("Source")


@dataclass(frozen=True)
class Reading(Generic[Record, Source]):
    """Records with where they come from and what is wrong with them.

    Parameters
    ----------
    records
        In the order of the files.
    source
        What a model's profile says of where its numbers come from.
    notes
        What was left out, a line each.
    issues
        What is wrong so far.
    """

    records: list[Record]
    source: Source
    notes: list[str] = field(default_factory=list)
    issues: FileIssues = field(default_factory=FileIssues)
