"""From the files that a person names to an export: everything wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from alpaplan.errors import InputError
from alpaplan.export.build import build_export
from alpaplan.export.documents import ModelDocument, NodeDocument
from alpaplan.export.exported import Export
from alpaplan.export.inputs import ExportInputs
from alpaplan.export.options import ExportOptions
from alpaplan.files.document import Document, load_document, load_one_of
from alpaplan.files.export_json import load_export
from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.located_errors import collected_errors
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.provenance import changed_inputs
from alpaplan.planning.schedule_document import placements_as_plans
from alpaplan.specs.export import ExportModelsSpec, ExportNodesSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported, and how.

    Parameters
    ----------
    plan
        File of the plan or schedule.
    target
        Name of a target.
    paths
        Inputs in place of those that the plan names.
    models, nodes
        Documents of what engines load and of what nodes are called.
    previous
        Document of an earlier export.
    options
        What is set.
    """

    plan: Path
    target: str
    paths: InputPaths = field(default_factory=InputPaths)
    models: Path | None = None
    nodes: Path | None = None
    previous: Path | None = None
    options: ExportOptions = field(default_factory=ExportOptions)

    def files(self) -> Iterator[Path]:
        """Yield the files that it names."""
        named = (self.plan, *self.paths.given(), self.models, self.nodes, self.previous)
        yield from (path for path in named if path is not None)


@dataclass(frozen=True)
class Made:
    """What a plan or a schedule is exported to.

    Parameters
    ----------
    document, inputs
        The plan or schedule, and what it was made from.
    exports
        Of a plan one; of a schedule that of each placement, with the time when it begins.
    """

    document: Document[PlanOrSchedule]
    inputs: Inputs
    exports: tuple[tuple[float, Export], ...]

    @property
    def is_schedule(self) -> bool:
        """Whether it is a schedule, be it of one placement."""
        return isinstance(self.document.spec, ScheduleSpec)


def make_exports(request: ExportRequest) -> Made:
    """Return what an export starts, and what its plan or schedule was made from.

    An engine has one port in all placements of a schedule.

    Raises
    ------
    InputError
        With everything wrong with the files: documents first, and if these are in order, all
        models, addresses and UUIDs that are missing.
    MissingInputError
        If neither the request nor the plan names a cluster and a workload.
    AlpaplanError
        If there are too few ports.
    """
    document, given = _load(request)
    exports: list[tuple[float, Export]] = []
    lines: list[str] = []
    for start_s, plan in placements_as_plans(document):
        with collected_errors(lines):
            given = replace(given, plan=plan)
            export = build_export(given, request.target, request.options)
            ports = {engine.name: engine.port for engine in export.engines}
            given = replace(given, previous={**given.previous, **ports})
            exports.append((start_s, export))
    if lines:
        raise InputError(dict.fromkeys(lines))
    return Made(document, given.inputs, tuple(exports))


def _load(request: ExportRequest) -> tuple[Document[PlanOrSchedule], ExportInputs]:
    """Return what is exported, and what its first placement is exported from."""
    lines: list[str] = []
    plan: Document[PlanOrSchedule] | None = None
    inputs: Inputs | None = None
    models: Document[ExportModelsSpec] | None = None
    nodes: Document[ExportNodesSpec] | None = None
    previous: dict[str, int] = {}
    with collected_errors(lines):
        plan = load_one_of(request.plan, PlanSpec, ScheduleSpec)
    with collected_errors(lines):
        if plan is not None:
            inputs = _inputs_of(plan, request.paths)
    with collected_errors(lines):
        if request.models is not None:
            models = load_document(request.models, ExportModelsSpec)
    with collected_errors(lines):
        if request.nodes is not None:
            nodes = load_document(request.nodes, ExportNodesSpec)
    with collected_errors(lines):
        if request.previous is not None:
            earlier = load_export(request.previous)
            previous = {engine.name: engine.port for engine in earlier.engines}
    if lines or plan is None or inputs is None:
        raise InputError(lines)
    _, first = placements_as_plans(plan)[0]
    known = ModelDocument(models), NodeDocument(nodes)
    return plan, ExportInputs(first, inputs, *known, previous)


def _inputs_of(plan: Document[PlanOrSchedule], paths: InputPaths) -> Inputs:
    """Load what a plan was made from; other files than those are an error."""
    inputs = load_inputs(paths.or_those_of(plan))
    lines = list(changed_inputs(plan, inputs.files))
    if lines:
        raise InputError(lines)
    inputs.require_valid(plan)
    return inputs
