"""Where a plan came from: enough to make it again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from alpaplan import __version__
from alpaplan.analysis.attempts import leading_attempts
from alpaplan.errors import InputError
from alpaplan.files.document import Document
from alpaplan.files.places import descriptor_of, is_same_file, is_stream
from alpaplan.planning.inputs import InputFiles, Inputs
from alpaplan.planning.rounding import digits, rounded
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.start import StartPlan
from alpaplan.search.planner import PlanResult
from alpaplan.specs.plan import AttemptRecord, InputRecord, Provenance
from alpaplan.specs.schedule import PlanOrSchedule

RECORDED_ATTEMPTS = 5
"""Attempts beside the winner that a plan tells of (a count): the best ones. The others say little
of why the plan is as it is."""


def provenance_of(
    inputs: Inputs, settings: PlanSettings, folder: Path, start: StartPlan | None = None
) -> Provenance:
    """Return the provenance of a plan that lies in a folder, of a search that ran to its end.

    Parameters
    ----------
    inputs, settings
        What is planned, and how.
    folder
        Where the plan goes: its inputs are named relative to that.
    start
        The plan that the search starts from, if there is one.

    Raises
    ------
    InputError
        If an input has a path that a plan cannot name.
    """
    trace = inputs.files.trace
    return Provenance(
        alpaplan=__version__,
        method=settings.method,
        seed=settings.seed,
        effort=settings.effort,
        max_evaluations=settings.max_evaluations,
        restarts=settings.restarts if settings.restarts > 1 else None,
        trace=None if trace is None else path_from(folder, trace),
        as_recorded=inputs.files.as_recorded or None,
        start=None if start is None else start.record(),
        inputs=tuple(_records(inputs, folder)),
    )


def schedule_provenance_of(inputs: Inputs, settings: ScheduleSettings, folder: Path) -> Provenance:
    """Return the provenance of a schedule that lies in a folder.

    Parameters
    ----------
    inputs, settings
        What is planned, and how.
    folder
        Where the schedule goes: its inputs are named relative to that.

    Raises
    ------
    InputError
        If an input has a path that a schedule cannot name.
    """
    trace = settings.trace
    traces = {} if trace is None else {trace.path: trace.sha256}
    return Provenance(
        alpaplan=__version__,
        method=settings.method,
        seed=settings.seed,
        effort=settings.effort,
        window_s=settings.window_s,
        starts_s=settings.starts_s or None,
        foresight=settings.foresight or None,
        duration_s=settings.duration_s,
        target=settings.target,
        device_cost=settings.device_cost or None,
        request_value=settings.request_value,
        trace=None if trace is None else path_from(folder, trace.path),
        as_recorded=inputs.files.as_recorded or None,
        inputs=(*_records(inputs, folder), *_trace_records(traces, folder)),
    )


def attempt_records(result: PlanResult) -> tuple[AttemptRecord, ...]:
    """Return what a plan says of the attempt that won and of the best others."""
    return tuple(
        AttemptRecord(
            method=candidate.method,
            partition=candidate.partition,
            replicas=int(candidate.placement.replicas.sum()),
            slo_attainment=rounded(candidate.score.attainment),
            mean_latency_s=digits(candidate.evaluation.mean_latency_s),
        )
        for candidate in (
            attempt.candidate for attempt in leading_attempts(result, RECORDED_ATTEMPTS)
        )
    )


def hashes_of(inputs: Inputs) -> frozenset[str]:
    """Return the hashes of all files that inputs were read from."""
    files = inputs.files
    hashes = {profile.sha256 for profile in files.profiles.values()} | set(files.traces.values())
    if files.cluster is not None:
        hashes.add(files.cluster.sha256)
    if files.workload is not None:
        hashes.add(files.workload.sha256)
    return frozenset(hashes)


def _records(inputs: Inputs, folder: Path) -> Iterator[InputRecord]:
    """Yield every file with its hash; shipped profiles by name, as they lie beside no plan."""
    files = inputs.files
    if files.cluster is not None:
        yield _record("cluster", files.cluster.sha256, path=path_from(folder, files.cluster.path))
    if files.workload is not None:
        path = path_from(folder, files.workload.path)
        yield _record("workload", files.workload.sha256, path=path)
    for name, profile in sorted(files.profiles.items()):
        if files.profiles_are_shipped:
            yield _record("profile", profile.sha256, name=name)
        else:
            yield _record("profile", profile.sha256, path=path_from(folder, profile.path))
    yield from _trace_records(files.traces, folder)


def _trace_records(traces: Mapping[Path, str], folder: Path) -> Iterator[InputRecord]:
    for trace, sha256 in sorted(traces.items()):
        yield _record("trace", sha256, path=path_from(folder, trace))


def _record(role: str, sha256: str, **place: str) -> InputRecord:
    return InputRecord.model_validate({"role": role, "sha256": sha256, **place})


def changed_inputs(plan: Document[PlanOrSchedule], files: InputFiles) -> Iterator[str]:
    """Yield a line for each file that is not what a plan or a schedule says that it was made from.

    A plan that does not say, since it was written by hand, may have any.
    """
    made = plan.spec.provenance
    recorded: dict[str, set[str]] = {}
    for record in made.inputs if made is not None else ():
        recorded.setdefault(record.role, set()).add(record.sha256)
    read = [("trace", path, sha256) for path, sha256 in files.traces.items()]
    read += [("profile", file.path, file.sha256) for file in files.profiles.values()]
    if files.workload is not None:
        read.insert(0, ("workload", files.workload.path, files.workload.sha256))
    if files.cluster is not None:
        read.insert(0, ("cluster", files.cluster.path, files.cluster.sha256))
    for role, path, sha256 in read:
        if role in recorded and sha256 not in recorded[role]:
            which = f"the {role} that {plan.path} was made from"
            yield f"{path}: must be {which}, found another one (sha256 {sha256[:12]}...)"


def path_from(folder: Path, path: Path) -> str:
    """Return how a file is named in a document that lies in a folder.

    Links stay as they were given: what they lead to may have no lasting name, as where a mount is
    renewed by pointing its links elsewhere. Only if the way up from the folder would get lost in
    links are these followed. A pipe is named as it was given: it has no place that others could
    find it at.

    Raises
    ------
    InputError
        If the name cannot be written as text.
    """
    if descriptor_of(path) is not None and path.is_file():
        path = path.resolve()  # what it stands for now
    elif is_stream(path):
        return path.as_posix()
    names = [
        os.path.relpath(given, base)
        for base, given in (
            (folder, path),
            (folder.resolve(), path),
            (folder.resolve(), path.parent.resolve() / path.name),
            (folder.resolve(), path.resolve()),
        )
    ]
    name = next((name for name in names if is_same_file(folder / name, path)), names[0])
    try:
        name.encode()
    except UnicodeEncodeError:
        what = "cannot be named in a plan because its path is not UTF-8"
        raise InputError([f"{path}: {what}"]) from None
    return Path(name).as_posix()
