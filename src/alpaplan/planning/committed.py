"""Plans that are committed, and whether their inputs would still give them."""

from __future__ import annotations

from pathlib import Path

from alpaplan.errors import InputError, Issue
from alpaplan.files.document import Document, load_document
from alpaplan.specs.plan import PlanSpec, Provenance


def load_committed(path: Path) -> tuple[Document[PlanSpec], Provenance]:
    """Load a plan that says how it was made, so that it can be made again.

    Raises
    ------
    InputError
        If it is no plan, was written by hand, was ended by a clock or a person, or is of varied
        inputs.
    """
    committed = load_document(path, PlanSpec)
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
    return committed, made
