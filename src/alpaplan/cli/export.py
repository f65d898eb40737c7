"""`alpaplan export`: files that start the engines of a plan or a schedule, and their router."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_message, print_text
from alpaplan.cli.quantities import Setting
from alpaplan.export.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alpaplan.export.fidelity import Fidelity
    from alpaplan.export.request import Made


@click.command(cls=ListingCommand, listings={"Targets": TARGETS.summaries()})
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@click.option(
    "--to",
    "target",
    type=NameOf(TARGETS),
    required=True,
    metavar="TARGET",
    help="What to export to, one of those below.",
)
@click.option(
    "-o",
    "--output",
    type=options.FILE,
    required=True,
    metavar="DIR",
    help="Write the files into this folder, which is made if needed; otherwise it has to be empty "
    "or an earlier export.",
)
@click.option(
    "--models",
    type=options.FILE,
    metavar="FILE",
    help="What engines load (an export-models document); needed by every target but envoy.",
)
@click.option(
    "--nodes",
    type=options.FILE,
    metavar="FILE",
    help="Addresses, host names and device UUIDs of the nodes (an export-nodes document).",
)
@options.inputs_of_plan
@click.option(
    "--previous",
    type=options.FILE,
    metavar="EXPORT_JSON",
    help="An earlier alpaplan-export.json, whose engines keep their ports.",
)
@click.option(
    "--allow-lossy",
    "allowed",
    multiple=True,
    metavar="ID",
    help="Export although this is lost. May be repeated.",
)
@click.option(
    "--set",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="KEY=VALUE",
    help="Set base_port, router_port, engine_image, engine_path, router_image, router_path, "
    "router_folder or namespace. May be repeated.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit with 1 if DIR is not what would be written now.",
)
@user_errors
def export(
    plan: Path,
    target: str,
    output: Path,
    models: Path | None,
    nodes: Path | None,
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    previous: Path | None,
    allowed: tuple[str, ...],
    settings: tuple[tuple[str, str], ...],
    check: bool,
) -> None:
    """Export PLAN as files that start its engines and their router.

    Each placement of a schedule is exported into a folder of its own, with a file of the steps
    that lead there from the one before.

    Inputs that are not given are those that PLAN was made from, found relative to it. What the
    target cannot keep of the plan is listed; what would make it another plan is refused, and then
    nothing is written.
    """
    from alpaplan.export.fidelity import Difference
    from alpaplan.export.folder import require_export_folder
    from alpaplan.export.options import ExportOptions
    from alpaplan.export.request import ExportRequest, make_exports
    from alpaplan.export.schedule_files import fidelity_of
    from alpaplan.planning.paths import InputPaths
    from alpaplan.registry import must_be_one_of

    known = [str(difference) for difference in Difference]
    for name in allowed:
        if name not in known:
            raise click.UsageError(f"--allow-lossy {must_be_one_of(known, name)}")
    paths = InputPaths(cluster, workload, profiles)
    chosen = ExportOptions.of(settings)
    request = ExportRequest(plan, target, paths, models, nodes, previous, chosen)
    require_export_folder(output)
    made = make_exports(request)
    refused = _report(fidelity_of(made), allowed)
    if refused:
        print_message(f"refused: {', '.join(refused)}; nothing is written")
        sys.exit(1)
    files = _files(made)
    if check:
        _check(output, files)
    else:
        _write(output, files, [*request.files(), *made.inputs.files.paths()])


def _files(made: Made) -> dict[str, bytes]:
    """Return all files, and tell which models a change leaves without a replica for a time."""
    from alpaplan.cli.step_progress import busy
    from alpaplan.export.files import export_files
    from alpaplan.export.schedule_files import schedule_files, steps_of_schedule
    from alpaplan.problem.feasibility import name_models
    from alpaplan.units import format_seconds

    if not made.is_schedule:
        ((_, export),) = made.exports
        return export_files(export)
    with busy("comparing"):
        changes = steps_of_schedule(made)
    for (start_s, _), change in zip(made.exports[1:], changes, strict=True):
        if change.outage:
            down = f"no replica of {name_models(change.outage)} is in use for a time"
            print_message(f"from {format_seconds(start_s)} on: {down}")
    return schedule_files(made, changes)


def _report(differences: Iterable[Fidelity], allowed: Iterable[str]) -> list[str]:
    """Tell what differs from the plan, and return what must not."""
    from alpaplan.export.fidelity import Difference, Level

    refused = []
    for entry in differences:
        print_message(f"{entry.id} ({entry.level}): {entry.what}; {entry.target}")
        if entry.level is Level.LOST and (entry.id is Difference.MEMORY or entry.id not in allowed):
            refused.append(str(entry.id))
    return list(dict.fromkeys(refused))


def _check(folder: Path, files: dict[str, bytes]) -> None:
    from alpaplan.export.folder import differences

    lines = list(differences(folder, files))
    for line in lines:
        print_text(line)
    if lines:
        sys.exit(1)
    print_text(f"{folder}: current")


def _write(folder: Path, files: dict[str, bytes], inputs: list[Path]) -> None:
    from alpaplan.export.folder import write_export
    from alpaplan.units import format_count

    write_export(folder, files, inputs)
    print_text(f"{folder}: {format_count(len(files), 'file')}")
