"""`alpaplan validate`: check files of any kind and show everything wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_message, print_text
from alpaplan.errors import InputError
from alpaplan.units import format_count, format_seconds

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.specs.registry import DocumentSpec
    from alpaplan.specs.workload import WorkloadSpec


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@user_errors
def validate(files: tuple[Path, ...]) -> None:
    """Check files of any kind and list everything wrong with them.

    Each FILE is a document of any kind, a trace (.csv, .csv.gz) or a folder, of which every YAML
    file is checked. Traces that a workload names are checked with it. If a cluster allows larger
    batches than a model was profiled for, a message says so, if the profile is among the files.
    """
    problems: list[str] = []
    documents: list[Document[DocumentSpec]] = []
    for path in files:
        try:
            members = _members(path)
        except InputError as error:
            problems += error.lines
            continue
        for member in members:
            try:
                print_text(f"{member}: ok: {_check(member, documents)}")
            except InputError as error:
                problems += error.lines
    _warn_of_batches(documents)
    if problems:
        # A trace that several workloads name is wrong only once.
        raise InputError(dict.fromkeys(problems))


def _members(path: Path) -> list[Path]:
    from alpaplan.files.profiles import yaml_files
    from alpaplan.files.reading import is_folder

    if not is_folder(path):
        return [path]
    members = yaml_files(path)
    if not members:
        raise InputError([f"{path}: has no YAML files"])
    return members


def _check(path: Path, documents: list[Document[DocumentSpec]]) -> str:
    """Return what a file is, in a few words; raise an `InputError` if it is not in order.

    A document that is in order is added to `documents`.
    """
    from alpaplan.files.trace_csv import is_trace_path, read_trace

    if is_trace_path(path):
        trace = read_trace(path, only_counts=True).trace
        requests = format_count(trace.num_requests, "request")
        return f"trace ({requests} of {format_count(len(trace.model_names), 'model')})"
    from alpaplan.files.document import load_any
    from alpaplan.problem.checker import check_own_devices
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.specs.schedule import ScheduleSpec

    document = load_any(path)
    spec = document.spec
    if isinstance(spec, (PlanSpec, ScheduleSpec)):
        issues = check_own_devices(spec)
        if issues:
            raise InputError(document.error_line(issue) for issue in issues)
    name = getattr(spec, "name", None)
    title = spec.kind if name is None else f"{spec.kind} {name!r}"
    summary = _summary(document)
    documents.append(document)
    return f"{title} ({summary})"


def _warn_of_batches(documents: list[Document[DocumentSpec]]) -> None:
    """Say which profiles end below the largest batch of a cluster: those that a workload uses."""
    from alpaplan.problem.unprofiled_batches import unprofiled_batches
    from alpaplan.specs.cluster import ClusterSpec
    from alpaplan.specs.profile import ModelProfileSpec
    from alpaplan.specs.workload import WorkloadSpec

    specs = [document.spec for document in documents]
    workloads = [spec for spec in specs if isinstance(spec, WorkloadSpec)]
    models = [model for workload in workloads for model in workload.served_models()]
    used = {model.profile for model in models}
    profiles = [
        spec
        for spec in specs
        if isinstance(spec, ModelProfileSpec) and (not workloads or spec.name in used)
    ]
    for document in documents:
        if isinstance(document.spec, ClusterSpec):
            for issue in unprofiled_batches(document.spec, profiles, models):
                print_message(f"alpaplan: {document.error_line(issue)}")


def _summary(document: Document[DocumentSpec]) -> str:
    from alpaplan.files.document import Document
    from alpaplan.specs.cluster import ClusterSpec
    from alpaplan.specs.device import DeviceSpec
    from alpaplan.specs.export import ExportModelsSpec, ExportNodesSpec
    from alpaplan.specs.layers import LayerProfileSpec
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.specs.schedule import ScheduleSpec
    from alpaplan.specs.workload import WorkloadSpec

    spec = document.spec
    if isinstance(spec, ClusterSpec):
        devices = format_count(sum(pool.num_devices for pool in spec.node_pools), "device")
        return f"{devices} in {format_count(len(spec.node_pools), 'node pool')}"
    if isinstance(spec, WorkloadSpec):
        return _check_workload(Document(document.path, spec, document.sha256, document.root))
    if isinstance(spec, PlanSpec):
        num_replicas = sum(len(group.replicas) for group in spec.groups)
        return f"{format_count(len(spec.groups), 'group')}, {format_count(num_replicas, 'replica')}"
    if isinstance(spec, ScheduleSpec):
        last_s = format_seconds(spec.placements[-1].start_s)
        return f"{format_count(len(spec.placements), 'placement')}, the last from {last_s}"
    if isinstance(spec, LayerProfileSpec):
        return f"{format_count(len(spec.layers), 'layer')} on {spec.device}"
    if isinstance(spec, DeviceSpec):
        formats = ", ".join(spec.peak_flops.model_dump(exclude_none=True))
        return f"{spec.memory_bytes / 2**30:.4g} GiB; {formats}"
    if isinstance(spec, ExportModelsSpec):
        return format_count(len(spec.models), "name")
    if isinstance(spec, ExportNodesSpec):
        num_devices = sum(len(node.devices) for node in spec.nodes.values())
        nodes = format_count(len(spec.nodes), "node")
        return f"{nodes}, {format_count(num_devices, 'device UUID')}"
    device_types = dict.fromkeys(config.device for config in spec.configs)
    return f"{format_count(len(spec.configs), 'configuration')} on {', '.join(device_types)}"


def _check_workload(document: Document[WorkloadSpec]) -> str:
    from alpaplan.files.workload_traces import load_traces

    summary = format_count(len(document.spec.served_models()), "model")
    recorded = load_traces(document).arrivals
    if recorded:
        summary += f", {len(recorded):,} with recorded arrivals"
        traces = {file.path: file.trace for file in recorded.values()}
        present = {path: set(trace.model_names) for path, trace in traces.items()}
        num_silent = sum(name not in present[file.path] for name, file in recorded.items())
        summary += f", {num_silent:,} of them without a row" if num_silent else ""
    return summary
