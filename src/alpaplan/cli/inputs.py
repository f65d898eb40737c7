"""The documents that `plan` and `simulate` work on, loaded together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from alpaplan.cli.traces import read_trace_of
from alpaplan.errors import InputError, SpecError
from alpaplan.files.document import Document, load_document
from alpaplan.files.profiles import load_profiles, profile_names
from alpaplan.files.trace_csv import TraceFile
from alpaplan.files.workload_traces import load_recorded
from alpaplan.problem import PlacementProblem
from alpaplan.problem.build import build_problem
from alpaplan.problem.checker import check_plan
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import InputRecord, PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class Inputs:
    """Everything that a plan is made from.

    Parameters
    ----------
    cluster, workload
        Documents.
    profiles
        Profile name -> document, of the profiles that the workload names.
    recorded
        Model name -> trace, of the models with recorded arrivals.
    models
        The workload's models, written out.
    problem
        The problem that they are.
    trace_hashes
        File of recorded arrivals -> hash of what was read.
    trace
        File of the recorded arrivals of all models, where it takes the place of the workload's.
    """

    cluster: Document[ClusterSpec]
    workload: Document[WorkloadSpec]
    profiles: Mapping[str, Document[ModelProfileSpec]]
    recorded: Mapping[str, Trace]
    models: tuple[ServedModel, ...]
    problem: PlacementProblem
    trace_hashes: Mapping[Path, str]
    trace: Path | None = None

    def profile_specs(self) -> dict[str, ModelProfileSpec]:
        """Return the profiles by name."""
        return {name: document.spec for name, document in self.profiles.items()}

    def records(self, base: Path) -> tuple[InputRecord, ...]:
        """Return the files with their hashes, relative to a folder, for a plan's provenance."""
        roles = [("cluster", self.cluster), ("workload", self.workload)]
        roles += [("profile", self.profiles[name]) for name in sorted(self.profiles)]
        records = [_record(role, document.path, document.sha256, base) for role, document in roles]
        hashes = sorted(self.trace_hashes.items())
        records += [_record("trace", path, sha256, base) for path, sha256 in hashes]
        return tuple(records)


def load_inputs(
    cluster_path: Path, workload_path: Path, profiles_dir: Path, trace_path: Path | None = None
) -> Inputs:
    """Load all documents and build their problem.

    With a trace all models have its arrivals, and those that the workload names are not looked at.

    Raises
    ------
    InputError
        With everything wrong with any of the files.
    """
    loaded: list[Document[ClusterSpec] | Document[WorkloadSpec]] = []
    lines: list[str] = []
    with _collect(lines):
        loaded.append(cluster := load_document(cluster_path, ClusterSpec))
    with _collect(lines):
        loaded.append(workload := load_document(workload_path, WorkloadSpec))
    if len(loaded) < 2:
        raise InputError(lines)
    models = workload.spec.served_models()
    needed = list(dict.fromkeys(model.profile for model in models))
    recorded: Mapping[str, TraceFile] = {}
    profiles: dict[str, Document[ModelProfileSpec]] = {}
    with _collect(lines):
        if trace_path is None:
            recorded = load_recorded(workload)
        else:
            recorded = _recorded_in(trace_path, models)
            models = _with_trace(models, trace_path)
    with _collect(lines):
        profiles = load_profiles(profiles_dir, needed)
    if lines:
        raise InputError(lines)
    known = () if len(profiles) == len(needed) else profile_names(profiles_dir)
    with spec_errors_of({"workload": workload, "cluster": cluster}):
        problem = build_problem(
            cluster.spec,
            workload.spec,
            {name: document.spec for name, document in profiles.items()},
            known,
        )
    return Inputs(
        cluster,
        workload,
        profiles,
        {model: file.trace for model, file in recorded.items()},
        models,
        problem,
        {file.path: file.sha256 for file in recorded.values()},
        trace_path,
    )


def _recorded_in(path: Path, models: tuple[ServedModel, ...]) -> dict[str, TraceFile]:
    file = read_trace_of(path, [model.name for model in models])
    if file.trace.duration_s <= 0:
        raise InputError([f"{path}: must span some time, found a single instant"])
    return dict.fromkeys(file.trace.model_names, file)


def _with_trace(models: tuple[ServedModel, ...], path: Path) -> tuple[ServedModel, ...]:
    arrivals = TraceArrivals(process="trace", path=str(path))
    return tuple(replace(model, arrivals=arrivals) for model in models)


def require_valid_plan(inputs: Inputs, plan: Document[PlanSpec]) -> None:
    """Make sure that a plan fits its cluster and workload.

    Raises
    ------
    InputError
        With everything that the checker finds, at the plan's lines.
    """
    issues = check_plan(
        inputs.cluster.spec, inputs.workload.spec, inputs.profile_specs(), plan.spec
    )
    if issues:
        raise InputError(plan.error_line(issue) for issue in issues)


@contextmanager
def spec_errors_of(
    documents: Mapping[str, Document[ClusterSpec] | Document[WorkloadSpec]],
) -> Iterator[None]:
    """Turn a `SpecError` raised inside into an `InputError` with the path and lines of its file."""
    try:
        yield
    except SpecError as error:
        document = documents[error.role]
        raise InputError(document.error_line(issue) for issue in error.issues) from error


def path_from(base: Path, path: Path) -> str:
    """Return how a file is named in a plan that lies in a folder."""
    return Path(os.path.relpath(path.resolve(), base.resolve())).as_posix()


def _record(role: str, path: Path, sha256: str, base: Path) -> InputRecord:
    record = {"role": role, "path": path_from(base, path), "sha256": sha256}
    return InputRecord.model_validate(record)


@contextmanager
def _collect(lines: list[str]) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        lines += error.lines
