"""`alpaplan schedule`: placements that change over time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
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
from alpaplan.cli.renewal import Renewal, exit_if_stale, print_verdict, renewal
from alpaplan.planning.schedules.methods import (
    AUTO,
    CLOCKWORK,
    DEFAULT_SCHEDULE_METHOD,
    SCHEDULE_METHODS,
)
from alpaplan.specs.choices import Effort

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.schedules.results import Scheduled
    from alpaplan.planning.schedules.settings import ScheduleSettings
    from alpaplan.specs.schedule import ScheduleSpec

METHOD_OF_OPTION = {
    "foresight": CLOCKWORK,
    **dict.fromkeys(("target", "device_cost", "request_value", "judge_by", "effort"), AUTO),
}
"""Method that an option is for, by the option's name, where others would not look at it."""

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
@click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    help="How much time to plan for (e.g. 24h).  [default: until all arrivals have begun anew, or "
    "all of what was recorded]",
)
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
    help="Use as few devices in each window as reach this SLO attainment.",
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
    help="What an attained request is worth, in the currency of the cluster's cost_per_hour: use a "
    "node only where the requests that it attains are worth its cost.",
)
@options.document_output("schedule")
@renewal("schedule")
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
    check: Path | None,
    update: Path | None,
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
    """Plan placements that change over time, where a change is worth its loading.

    Writes a schedule, and prints what it attains next to other ways to place the models, on the
    same arrivals. Where node pools have a cost_per_hour, it also prints what is paid: a node is
    paid for as a whole while any of its devices is in use. Of placements that attain as much, the
    cheapest is taken.

    With --check nothing is written: alpaplan plans again with the inputs and settings that
    SCHEDULE was made with, and exits with 1 if the result differs. With --update it writes the
    result.
    """
    from alpaplan.cli.step_progress import busy
    from alpaplan.files.plan_yaml import plan_to_yaml
    from alpaplan.planning.committed import load_committed
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.runs import recorded_requests
    from alpaplan.planning.schedules.settings import MAX_WINDOWS, ScheduleSettings
    from alpaplan.specs.schedule import ScheduleSpec

    asked = Renewal(output, check, update)
    _require_usage(asked, window_s, windows, plans_folder)
    paths = InputPaths(cluster, workload, profiles, trace, as_recorded=as_recorded)
    settings = ScheduleSettings()
    committed = None
    if asked.committed is not None:
        committed, made = load_committed(asked.committed, ScheduleSpec)
        settings = ScheduleSettings.of_provenance(made)
        trace = paths.trace_or_that_of(committed)
        paths = paths.or_those_of(committed)
    others = [*asked.inputs(), trace, judged_by, windows]
    inputs = _load_inputs(replace(paths, trace=None), others, asked.target, plans_folder)
    changes = options.given(
        method=method,
        foresight=foresight,
        duration_s=duration_s,
        target=target,
        device_cost=device_cost,
        request_value=request_value,
        seed=seed,
        effort=Effort(effort),
    )
    settings = replace(
        _with_windows(settings, window_s, windows),
        trace=None if trace is None else recorded_requests(inputs, trace),
        judged_by=judged_by,
        **changes,
    )
    asked_for = {*changes} if judged_by is None else {*changes, "judge_by"}
    _require_of_method(settings.method, asked_for)
    with busy("planning"), task_options.task_runner(dask, jobs, MAX_WINDOWS) as runner:
        scheduled = SCHEDULE_METHODS[settings.method](inputs, settings, asked.folder, runner)
    if committed is not None and check is not None:
        _report_check(committed, scheduled)
        return
    write_document(asked.target, plan_to_yaml(scheduled.document))
    if plans_folder is not None:
        _write_plans(inputs, settings, scheduled, plans_folder)
    if not quiet:
        _print(scheduled, output_format, to_stderr=asked.target == STANDARD_OUTPUT)


def _require_usage(
    asked: Renewal, window_s: float | None, windows: Path | None, plans_folder: Path | None
) -> None:
    """Refuse options that do not go together."""
    num_given = (window_s is not None) + (windows is not None)
    if num_given > 1 or (num_given == 0 and asked.committed is None):
        raise click.UsageError("give either --window or --windows")
    if asked.check is not None and (plans_folder is not None or options.given(output_format=None)):
        raise click.UsageError("--check only shows a verdict: leave out --plans and --format")


def _require_of_method(method: str, given: Collection[str]) -> None:
    """Refuse options that the method would not look at."""
    for name in sorted(given):
        wanted = METHOD_OF_OPTION.get(name, method)
        if wanted != method:
            raise click.UsageError(f"--{name.replace('_', '-')} is for --method {wanted}")


def _with_windows(
    settings: ScheduleSettings, window_s: float | None, windows: Path | None
) -> ScheduleSettings:
    """Let windows that were given take the place of others."""
    from alpaplan.files.window_starts import read_starts

    if windows is not None:
        return replace(settings, window_s=None, starts_s=read_starts(windows))
    if window_s is not None:
        return replace(settings, window_s=window_s, starts_s=())
    return settings


def _load_inputs(
    paths: InputPaths, others: list[Path | None], target: Path, plans_folder: Path | None
) -> Inputs:
    """Read inputs, and make sure that none of them, nor of other files, is overwritten."""
    from alpaplan.planning.inputs import load_inputs

    require_target(target, [*paths.given(), *others])
    inputs = load_inputs(paths)
    require_target(target, inputs.files.paths())
    if plans_folder is not None:
        _require_plans(plans_folder, target, [*inputs.files.paths(), *others])
    return inputs


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


def _report_check(committed: Document[ScheduleSpec], scheduled: Scheduled) -> None:
    """Print whether a schedule is current, and exit with 1 if it is stale."""
    from alpaplan.analysis.staleness import staleness

    found = staleness(committed.spec, scheduled.document)
    print_verdict(committed.path, found)
    exit_if_stale(found)


def _print(scheduled: Scheduled, output_format: str, *, to_stderr: bool) -> None:
    from alpaplan.report.schedule import schedule_tables

    if output_format == "json" and not to_stderr:
        print_json(scheduled.to_json_dict())
    else:
        print_result(schedule_tables(scheduled), to_stderr=to_stderr)
