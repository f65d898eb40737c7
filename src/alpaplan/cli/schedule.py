"""`alpaplan schedule`: placements that change over time."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options, task_options
from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import (
    STANDARD_OUTPUT,
    print_json,
    print_result,
    require_target,
    write_document,
)
from alpaplan.cli.quantities import Number, Seconds
from alpaplan.planning.schedules.methods import DEFAULT_SCHEDULE_METHOD, SCHEDULE_METHODS
from alpaplan.specs.choices import Effort

if TYPE_CHECKING:
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.schedules.results import Scheduled
    from alpaplan.planning.schedules.settings import ScheduleSettings

MAX_DEVICE_COST = 1e9
"""Far above what a device can attain (requests an hour)."""

MAX_REQUEST_VALUE = 1e9
"""Far above what a request can be worth, in any currency."""


@click.command(cls=ListingCommand, listings={"Methods": SCHEDULE_METHODS.summaries()})
@options.inputs
@click.option(
    "--trace",
    type=options.FILE,
    metavar="TRACE",
    help="Plan for the requests of this trace (.csv or .csv.gz) instead of the workload's.",
)
@click.option(
    "--judge-by",
    "judged_by",
    type=options.FILE,
    metavar="TRACE",
    help="Judge the schedule by the requests of this trace, such as another day's.  [default: the "
    "recorded requests, of which it knows rates and CVs only, or another sample]",
)
@options.as_recorded
@options.duration
@click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help="Length of the windows of time (e.g. 60s, 1h) that are planned by themselves.",
)
@click.option(
    "--windows",
    type=options.FILE,
    metavar="FILE",
    help="When windows start, a time on each line (e.g. 0, 6h, 22h), in place of --window.",
)
@click.option(
    "--target",
    type=Number(0, 1, above=True),
    metavar="FRACTION",
    help="Use as few devices in each window as attain this.",
)
@click.option(
    "--device-cost",
    type=Number(0, MAX_DEVICE_COST),
    metavar="N",
    default=0.0,
    help="Use a device only where it attains N more requests an hour.  [default: 0]",
)
@click.option(
    "--request-value",
    type=Number(0, MAX_REQUEST_VALUE, above=True),
    metavar="COST",
    help="What an attained request is worth, in the currency of the cluster's cost_per_hour: pay "
    "for a node only where it attains as much.",
)
@options.document_output("schedule")
@click.option(
    "--plans",
    "plans_folder",
    type=options.FILE,
    metavar="DIR",
    help="Also write each placement as a plan into this folder, for diff, show and export.",
)
@click.option(
    "--method",
    type=NameOf(SCHEDULE_METHODS),
    metavar="NAME",
    default=DEFAULT_SCHEDULE_METHOD,
    show_default=True,
    help="How to make the schedule, one of those below.",
)
@click.option(
    "--foresight",
    is_flag=True,
    help="With clockwork++, plan each window on the arrivals that it then brings, as published; "
    "otherwise on those of the window before.",
)
@options.seed
@task_options.effort
@task_options.jobs
@task_options.dask
@options.output_format
@options.quiet
@user_errors
def schedule(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    judged_by: Path | None,
    as_recorded: bool,
    duration_s: float | None,
    window_s: float | None,
    windows: Path | None,
    target: float | None,
    device_cost: float,
    request_value: float | None,
    output: Path | None,
    plans_folder: Path | None,
    method: str,
    foresight: bool,
    seed: int | None,
    effort: str,
    jobs: int | None,
    dask: str | None,
    output_format: str,
    quiet: bool,
) -> None:
    """Let placements change over time, where that pays for what it loads.

    Writes a schedule, and prints what it attains beside other ways to place, on the same arrivals.
    Where node pools have a cost_per_hour, also what is paid: for a node as a whole while any of
    its devices is in use. Of placements that attain as much, the one that costs least is taken.
    """
    from alpaplan.cli.step_progress import busy
    from alpaplan.files.places import is_stream
    from alpaplan.files.plan_yaml import plan_to_yaml
    from alpaplan.files.window_starts import read_starts
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.schedules.settings import MAX_WINDOWS, ScheduleSettings

    if (window_s is None) == (windows is None):
        raise click.UsageError("give either --window or --windows")
    paths = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    place = output or STANDARD_OUTPUT
    require_target(place, [*paths.given(), trace, judged_by, windows])
    inputs = load_inputs(paths)
    require_target(place, inputs.files.paths())
    if plans_folder is not None:
        _require_plans(plans_folder, place, [*inputs.files.paths(), judged_by, windows])
    settings = ScheduleSettings(
        method=method,
        window_s=window_s,
        starts_s=() if windows is None else read_starts(windows),
        foresight=foresight,
        trace=trace,
        judged_by=judged_by,
        duration_s=duration_s,
        target=target,
        device_cost=device_cost,
        request_value=request_value,
        seed=seed or 0,
        effort=Effort(effort),
    )
    folder = Path() if is_stream(place) else place.parent
    with busy("planning"), task_options.task_runner(dask, jobs, MAX_WINDOWS) as runner:
        scheduled = SCHEDULE_METHODS[method](inputs, settings, folder, runner)
    write_document(place, plan_to_yaml(scheduled.document))
    if plans_folder is not None:
        _write_plans(inputs, settings, scheduled, plans_folder)
    if not quiet:
        _print(scheduled, output_format, to_stderr=place == STANDARD_OUTPUT)


def _require_plans(folder: Path, schedule: Path, read: list[Path | None]) -> None:
    """Make sure that plans can be written, over no input and not over their schedule."""
    from alpaplan.errors import InputError
    from alpaplan.files.writing import folder_beside, require_writable_folder
    from alpaplan.planning.schedules.plans import PLAN_FILES

    # How many there are, and so their names, is known once all is planned.
    taken = [path.name for path in folder.glob(PLAN_FILES)]
    require_writable_folder(folder, [*taken, PLAN_FILES], read)
    if folder_beside(schedule) == folder.resolve() and fnmatch(schedule.name, PLAN_FILES):
        raise InputError([f"{schedule}: is the name of a plan of --plans, must be another one"])


def _write_plans(
    inputs: Inputs, settings: ScheduleSettings, scheduled: Scheduled, folder: Path
) -> None:
    from alpaplan.files.plan_yaml import plan_to_yaml
    from alpaplan.files.writing import make_folder, write_atomically
    from alpaplan.planning.schedules.plans import plans_of_schedule

    make_folder(folder)
    for name, plan in plans_of_schedule(inputs, settings, scheduled.document, folder).items():
        write_atomically(folder / name, plan_to_yaml(plan).encode())


def _print(scheduled: Scheduled, output_format: str, *, to_stderr: bool) -> None:
    from alpaplan.report.schedule import schedule_tables

    if output_format == "json" and not to_stderr:
        print_json(scheduled.to_json_dict())
    else:
        print_result(schedule_tables(scheduled), to_stderr=to_stderr)
