"""The files of plans or schedules to what a diff is made of."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alpaplan.errors import AlpaplanWarning, InputError
from alpaplan.export.diff.deployed import DeployedPlan, load_deployed
from alpaplan.files.document import Document, load_one_of
from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.located_errors import collected_errors
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.schedule_document import placements_as_plans
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec


@dataclass(frozen=True)
class DiffedPlans:
    """A placement, and the one that takes its place.

    Parameters
    ----------
    old, new
        The placements.
    start_s, end_s
        From when to when the new one is current; of plans always.
    """

    old: DeployedPlan
    new: DeployedPlan
    start_s: float = 0.0
    end_s: float = math.inf


@dataclass(frozen=True)
class Diffed:
    """What is to be compared.

    Parameters
    ----------
    pairs
        What follows each other: of two plans themselves; of one schedule its placements; of two
        schedules theirs, from each time on from which either has another one.
    inputs
        What the new ones are for.
    old_sha256, new_sha256
        Hashes of the files; the second is None where one schedule is compared with itself.
    of_schedules
        Whether any is a schedule.
    """

    pairs: tuple[DiffedPlans, ...]
    inputs: Inputs
    old_sha256: str
    new_sha256: str | None
    of_schedules: bool


def load_diffed(old_path: Path, new_path: Path | None) -> Diffed:
    """Load plans or schedules with the inputs that their provenances name, relative to each.

    One that was written by hand is taken to be for the inputs of the other.

    Parameters
    ----------
    old_path, new_path
        The files; None to compare the placements of one schedule with each other.

    Raises
    ------
    InputError
        With everything wrong with any of the files, or if neither names its inputs.
    """
    if new_path is None:
        return _load_changes(old_path)
    lines: list[str] = []
    documents: list[Document[PlanOrSchedule]] = []
    for path in (old_path, new_path):
        with collected_errors(lines):
            documents.append(load_one_of(path, PlanSpec, ScheduleSpec))
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
    placements = placements_as_plans(old)
    before: list[DeployedPlan] = []
    with collected_errors(lines):
        inputs = load_inputs(of_new)
        inputs.require_valid(new)
    for _, placement in placements:
        with collected_errors(lines):
            before.append(load_deployed(placement, of_old))
    if lines:
        raise InputError(dict.fromkeys(lines))
    _warn_of_changed_inputs(new, inputs)
    of_schedules = any(isinstance(document.spec, ScheduleSpec) for document in documents)
    pairs = _side_by_side([start_s for start_s, _ in placements], before, new, inputs)
    return Diffed(pairs, inputs, old.sha256, new.sha256, of_schedules)


def _load_changes(path: Path) -> Diffed:
    document: Document[PlanOrSchedule] = load_one_of(path, PlanSpec, ScheduleSpec)
    if isinstance(document.spec, PlanSpec):
        what = "is a plan, which changes nothing by itself; name the one that follows it, too"
        raise InputError([f"{path}: {what}"])
    paths = InputPaths().or_those_of(document)
    if paths.cluster is None or paths.workload is None:
        what = "must have a provenance that names its cluster and workload, found none"
        raise InputError([f"{path}:1: {what}"])
    inputs = load_inputs(paths)
    inputs.require_valid(document)
    _warn_of_changed_inputs(document, inputs)
    return changes_of(document, inputs)


def changes_of(document: Document[PlanOrSchedule], inputs: Inputs) -> Diffed:
    """Return what follows each other in a schedule, which has to be valid for the inputs."""
    placements = [
        (start_s, DeployedPlan.of_inputs(plan.spec, plan.sha256, inputs))
        for start_s, plan in placements_as_plans(document)
    ]
    ends_s = [*(start_s for start_s, _ in placements[2:]), math.inf]
    pairs = tuple(
        DiffedPlans(before, now, start_s, end_s)
        for (_, before), (start_s, now), end_s in zip(
            placements, placements[1:], ends_s, strict=False
        )
    )
    return Diffed(pairs, inputs, document.sha256, None, of_schedules=True)


def _side_by_side(
    starts_s: list[float],
    before: list[DeployedPlan],
    document: Document[PlanOrSchedule],
    inputs: Inputs,
) -> tuple[DiffedPlans, ...]:
    """Return which placements are current at the same time, from each change of either on."""
    after = placements_as_plans(document)
    new_starts_s = [start_s for start_s, _ in after]
    edges_s = sorted({*starts_s, *new_starts_s})

    @cache
    def deployed(index: int) -> DeployedPlan:
        plan = after[index][1]
        return DeployedPlan.of_inputs(plan.spec, plan.sha256, inputs)

    return tuple(
        DiffedPlans(
            before[bisect_right(starts_s, start_s) - 1],
            deployed(bisect_right(new_starts_s, start_s) - 1),
            start_s,
            end_s,
        )
        for start_s, end_s in zip(edges_s, [*edges_s[1:], math.inf], strict=True)
    )


def _warn_of_changed_inputs(plan: Document[PlanOrSchedule], inputs: Inputs) -> None:
    """Say which inputs of the new plan are no longer what it was made from."""
    made = plan.spec.provenance
    files = inputs.files
    now = {"cluster": files.cluster, "workload": files.workload}
    for record in () if made is None else made.inputs:
        document = now.get(record.role)
        if document is not None and document.sha256 != record.sha256:
            what = f"{record.role} has changed since {plan.path} was made; the diff goes by it as"
            warnings.warn(AlpaplanWarning(f"{document.path}: {what} it is now"), stacklevel=3)
