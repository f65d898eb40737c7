"""The files of two plans to what a diff is made of."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from alpaplan.errors import AlpaplanWarning, InputError
from alpaplan.export.diff.deployed import DeployedPlan, load_deployed
from alpaplan.files.document import Document, load_document
from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.located_errors import collected_errors
from alpaplan.planning.paths import InputPaths
from alpaplan.specs.plan import PlanSpec


@dataclass(frozen=True)
class DiffedPlans:
    """Two plans, and what the new one is for."""

    old: DeployedPlan
    new: DeployedPlan
    inputs: Inputs


def load_diffed(old_path: Path, new_path: Path) -> DiffedPlans:
    """Load two plans with the inputs that their provenances name, relative to each.

    One that was written by hand is taken to be for the inputs of the other.

    Raises
    ------
    InputError
        With everything wrong with any of the files, or if neither plan names its inputs.
    """
    lines: list[str] = []
    documents: list[Document[PlanSpec]] = []
    for path in (old_path, new_path):
        with collected_errors(lines):
            documents.append(load_document(path, PlanSpec))
    if lines:
        raise InputError(lines)
    old, new = documents
    named = [InputPaths().or_those_of(document) for document in documents]
    known = [paths for paths in named if paths.cluster is not None and paths.workload is not None]
    if not known:
        what = "must have a provenance that names its cluster and workload, or the other plan must"
        raise InputError(f"{document.path}:1: {what}, found none" for document in documents)
    for document, paths in zip(documents, named, strict=True):
        if paths not in known:
            what = "names no cluster and workload, and is taken to be for those of the other plan"
            warnings.warn(AlpaplanWarning(f"{document.path}: {what}"), stacklevel=2)
    of_old, of_new = (paths if paths in known else known[0] for paths in named)
    with collected_errors(lines):
        inputs = load_inputs(of_new)
        inputs.require_valid(new)
    with collected_errors(lines):
        deployed = load_deployed(old, of_old)
    if lines:
        raise InputError(lines)
    _warn_of_changed_inputs(new, inputs)
    return DiffedPlans(deployed, DeployedPlan.of_inputs(new.spec, new.sha256, inputs), inputs)


def _warn_of_changed_inputs(plan: Document[PlanSpec], inputs: Inputs) -> None:
    """Say which inputs of the new plan are no longer what it was made from."""
    made = plan.spec.provenance
    files = inputs.files
    now = {"cluster": files.cluster, "workload": files.workload}
    for record in () if made is None else made.inputs:
        document = now.get(record.role)
        if document is not None and document.sha256 != record.sha256:
            what = f"{record.role} has changed since {plan.path} was made; the diff goes by it as"
            warnings.warn(AlpaplanWarning(f"{document.path}: {what} it is now"), stacklevel=3)
