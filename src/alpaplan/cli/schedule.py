"""`alpaplan schedule`: placements that change over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import (
    STANDARD_OUTPUT,
    print_json,
    print_result,
    require_target,
    write_document,
)
from alpaplan.cli.quantities import Seconds
from alpaplan.planning.schedules.methods import DEFAULT_SCHEDULE_METHOD, SCHEDULE_METHODS

if TYPE_CHECKING:
    from alpaplan.planning.schedules.results import Scheduled


@click.command(cls=ListingCommand, listings={"Methods": SCHEDULE_METHODS.summaries()})
@options.inputs
@click.option(
    "--trace",
    type=options.FILE,
    metavar="TRACE",
    help="Plan for the requests of this trace (.csv or .csv.gz) instead of the workload's.",
)
@options.as_recorded
@options.duration
@click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    required=True,
    help="Length of the windows of time (e.g. 60s, 1h), each with a placement.",
)
@options.document_output("schedule")
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
@options.output_format
@options.quiet
@user_errors
def schedule(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    as_recorded: bool,
    duration_s: float | None,
    window_s: float,
    output: Path | None,
    method: str,
    foresight: bool,
    seed: int | None,
    output_format: str,
    quiet: bool,
) -> None:
    """Let placements change over time, where that pays for what it loads.

    Writes a schedule, and prints what it attains beside other ways to place, on the same arrivals.
    """
    from alpaplan.cli.step_progress import busy
    from alpaplan.files.places import is_stream
    from alpaplan.files.plan_yaml import plan_to_yaml
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.schedules.settings import ScheduleSettings

    paths = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    target = output or STANDARD_OUTPUT
    require_target(target, [*paths.given(), trace])
    inputs = load_inputs(paths)
    require_target(target, inputs.files.paths())
    settings = ScheduleSettings(
        method=method,
        window_s=window_s,
        foresight=foresight,
        trace=trace,
        duration_s=duration_s,
        seed=seed or 0,
    )
    folder = Path() if is_stream(target) else target.parent
    with busy("planning"):
        scheduled = SCHEDULE_METHODS[method](inputs, settings, folder)
    write_document(target, plan_to_yaml(scheduled.document))
    if not quiet:
        _print(scheduled, output_format, to_stderr=target == STANDARD_OUTPUT)


def _print(scheduled: Scheduled, output_format: str, *, to_stderr: bool) -> None:
    from alpaplan.report.schedule import schedule_tables

    if output_format == "json" and not to_stderr:
        print_json(scheduled.to_json_dict())
    else:
        print_result(schedule_tables(scheduled), to_stderr=to_stderr)
