"""Committed plans and schedules, which can be made again from their inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from alpaplan.errors import InputError, Issue
from alpaplan.files.document import Document, load_document
from alpaplan.specs.plan import PlanSpec, Provenance
from alpaplan.specs.schedule import PlanOrSchedule

Deployed = TypeVar("Deployed", bound=PlanOrSchedule)


def load_committed(path: Path, spec_type: type[Deployed]) -> tuple[Document[Deployed], Provenance]:
    """Load a plan or a schedule that says how it was made, so that it can be made again.

    Parameters
    ----------
    path
        The file.
    spec_type
        Which of them it has to be.

    Raises
    ------
    InputError
        If it is another document, was written by hand, was ended by a clock or a person, is of
        varied inputs, or is a placement of a schedule.
    """
    committed = load_document(path, spec_type)
    made = committed.spec.provenance
    if made is None:
        issue = Issue((), "must have a provenance to be made again, found none (written by hand?)")
        raise InputError([committed.error_line(issue)])
    if made.stopped_early is not None:
        what = f"was ended by {made.stopped_early}, so planning again may give another plan; "
        issue = Issue(
            ("provenance", "stopped_early"), what + "limit it with --max-evaluations instead"
        )
        raise InputError([committed.error_line(issue)])
    if made.varied is not None:
        what = "is of inputs that size or sweep varied: run that again instead"
        raise InputError([committed.error_line(Issue(("provenance", "varied"), what))])
    if spec_type is PlanSpec and made.is_of_schedule:
        what = "is of a schedule, whose windows are planned together: make that again instead"
        raise InputError([committed.error_line(Issue(("provenance",), what))])
    return committed, made
