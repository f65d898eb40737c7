"""Everything that a plan is made from, loaded together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InputError, Issue
from alpaplan.files.document import Document, load_document
from alpaplan.files.profiles import load_profiles, profile_names
from alpaplan.files.shipped import shipped_profiles
from alpaplan.files.workload_traces import WorkloadTraces, named_traces
from alpaplan.planning.located_errors import collected_errors, located_errors
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.recordings import load_recordings
from alpaplan.planning.served_workload import ServedWorkload
from alpaplan.planning.traces import read_trace_of
from alpaplan.printable import printable
from alpaplan.problem import PlacementProblem
from alpaplan.problem.build import build_problem
from alpaplan.problem.checker import check_plan, check_schedule
from alpaplan.specs.arrivals import TraceArrivals
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.lengths import with_recorded_lengths
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class InputFiles:
    """The files that inputs were read from, for a plan's provenance.

    Parameters
    ----------
    cluster, workload
        Documents; None if the specs were made in memory.
    profiles
        Profile name -> document, of the profiles that the workload names.
    profiles_are_shipped
        Whether these are the profiles that alpaplan comes with.
    traces
        File of recorded arrivals or lengths -> hash of the bytes that were read.
    trace
        The one of them that takes the place of all arrivals of the workload; None: none does.
    as_recorded
        Whether times that were recorded in long ticks are kept.
    """

    cluster: Document[ClusterSpec] | None = None
    workload: Document[WorkloadSpec] | None = None
    profiles: Mapping[str, Document[ModelProfileSpec]] = field(default_factory=dict)
    profiles_are_shipped: bool = False
    traces: Mapping[Path, str] = field(default_factory=dict)
    trace: Path | None = None
    as_recorded: bool = False

    def paths(self) -> list[Path]:
        """Return all files, those included that the workload names but that were not read."""
        documents = (self.cluster, self.workload, *self.profiles.values())
        named = () if self.workload is None else named_traces(self.workload)
        read = [document.path for document in documents if document is not None]
        return [*read, *self.traces, *named]


@dataclass(frozen=True)
class Inputs:
    """Everything that a plan is made from.

    Parameters
    ----------
    cluster
        The cluster.
    workload
        The workload with its recordings.
    profiles
        Profile name -> profile, of the profiles that the workload names.
    problem
        The problem that they are.
    files
        Where they come from.
    """

    cluster: ClusterSpec
    workload: ServedWorkload
    profiles: Mapping[str, ModelProfileSpec]
    problem: PlacementProblem
    files: InputFiles = field(default_factory=InputFiles)

    @classmethod
    def of_specs(
        cls,
        cluster: ClusterSpec,
        workload: WorkloadSpec,
        profiles: Mapping[str, ModelProfileSpec],
        recorded: Mapping[str, Trace] | None = None,
    ) -> Inputs:
        """Put together specs that were made in memory.

        Parameters
        ----------
        cluster, workload
            The specs.
        profiles
            Profile name -> profile; has to hold every profile that the workload names.
        recorded
            Model name -> trace, of the models with recorded arrivals or lengths.

        Raises
        ------
        SpecError
            If the workload names a profile that is not there.
        """
        traces = recorded or {}
        models = with_recorded_lengths(workload.served_models(), traces)
        arrivals = {
            model.name: traces[model.name]
            for model in models
            if isinstance(model.arrivals, TraceArrivals) and model.name in traces
        }
        problem = build_problem(cluster, workload, profiles, models=models)
        served = ServedWorkload(workload, models, arrivals)
        return cls(cluster, served, profiles, problem)

    def in_order(self, order: NDArray[np.int64]) -> Inputs:
        """Return the same inputs with the models in another order; the documents stay.

        Parameters
        ----------
        order : int64[M]
            Number here of each model there.
        """
        workload = self.workload.in_order(order)
        problem = build_problem(self.cluster, workload.spec, self.profiles, models=workload.models)
        return replace(self, workload=workload, problem=problem)

    def movable(self) -> Inputs:
        """Return the same inputs as they may be sent elsewhere, where their files do not lie."""
        return replace(self, workload=replace(self.workload, document=None), files=InputFiles())

    def issues_of(self, plan: PlanOrSchedule) -> list[Issue]:
        """Return everything that keeps a plan or a schedule from running as written."""
        inputs = (self.cluster, self.workload.spec, self.profiles)
        if isinstance(plan, ScheduleSpec):
            return check_schedule(*inputs, plan)
        return check_plan(*inputs, plan)

    def require_valid(self, plan: Document[PlanOrSchedule]) -> None:
        """Make sure that a plan or a schedule fits the cluster and the workload.

        Raises
        ------
        InputError
            With everything that the checker finds, at the plan's lines.
        """
        issues = self.issues_of(plan.spec)
        if issues:
            raise InputError(plan.error_line(issue) for issue in issues)


def load_inputs(paths: InputPaths) -> Inputs:
    """Load all documents and build their problem.

    With a trace all models have its arrivals, and those that the workload names are not looked at.

    Raises
    ------
    MissingInputError
        If the paths name no cluster or no workload.
    InputError
        With everything wrong with any of the files.
    """
    cluster, workload = _load_documents(*paths.required())
    models = workload.spec.served_models()
    needed = list(dict.fromkeys(model.profile for model in models))
    traces = WorkloadTraces()
    profiles: dict[str, Document[ModelProfileSpec]] = {}
    lines: list[str] = []
    with collected_errors(lines):
        if paths.trace is None:
            traces = load_recordings(workload, as_recorded=paths.as_recorded)
        else:
            traces = _recorded_in(paths.trace, models, as_recorded=paths.as_recorded)
            models = _with_trace(models, paths.trace)
        models = traces.with_lengths(models)
    folder = shipped_profiles() if paths.profiles is None else paths.profiles
    with collected_errors(lines):
        profiles = load_profiles(folder, needed)
    if lines:
        raise InputError(lines)
    known = () if len(profiles) == len(needed) else profile_names(folder)
    specs = {name: document.spec for name, document in profiles.items()}
    with located_errors(cluster=cluster, workload=workload):
        problem = build_problem(cluster.spec, workload.spec, specs, known, models)
    return Inputs(
        cluster.spec,
        ServedWorkload(workload.spec, models, traces.recorded, workload),
        specs,
        problem,
        InputFiles(
            cluster,
            workload,
            profiles,
            profiles_are_shipped=paths.profiles is None,
            traces=traces.hashes,
            trace=paths.trace,
            as_recorded=paths.as_recorded,
        ),
    )


def _load_documents(
    cluster_path: Path, workload_path: Path
) -> tuple[Document[ClusterSpec], Document[WorkloadSpec]]:
    """Load both; what is wrong with one does not hide what is wrong with the other."""
    lines: list[str] = []
    with collected_errors(lines):
        cluster = load_document(cluster_path, ClusterSpec)
    with collected_errors(lines):
        workload = load_document(workload_path, WorkloadSpec)
    if lines:
        raise InputError(lines)
    return cluster, workload


def _recorded_in(
    path: Path, models: tuple[ServedModel, ...], *, as_recorded: bool
) -> WorkloadTraces:
    names = [model.name for model in models]
    llms = [model.name for model in models if model.is_llm]
    file = read_trace_of(path, names, llms=llms, as_recorded=as_recorded)
    if file.trace.duration_s <= 0:
        raise InputError([f"{path}: must span some time, found a single instant"])
    return WorkloadTraces(arrivals=dict.fromkeys(file.trace.model_names, file))


def _with_trace(models: tuple[ServedModel, ...], path: Path) -> tuple[ServedModel, ...]:
    arrivals = TraceArrivals(process="trace", path=printable(str(path)))
    return tuple(replace(model, arrivals=arrivals) for model in models)
