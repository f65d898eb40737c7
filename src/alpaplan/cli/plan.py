"""`alpaplan plan`: search for a placement plan, or check that a committed one is current."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options, task_options
from alpaplan.cli.choices import ListingCommand, NameOf, listed
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import (
    STANDARD_OUTPUT,
    print_message,
    print_result,
    require_target,
    write_document,
)
from alpaplan.cli.quantities import Number, Seconds, WholeNumber
from alpaplan.cli.renewal import Renewal, renewal
from alpaplan.search.methods import DEFAULT_METHOD, METHODS
from alpaplan.specs.choices import Effort

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.planning.inputs import Inputs
    from alpaplan.planning.plan import Planned
    from alpaplan.planning.settings import PlanSettings
    from alpaplan.planning.start import StartPlan
    from alpaplan.search.planner import PlanResult
    from alpaplan.specs.plan import PlanSpec


@click.command(cls=ListingCommand, listings={"Methods": METHODS.summaries()})
@options.inputs
@click.option(
    "--trace",
    type=options.FILE,
    metavar="TRACE",
    help="Plan for the requests recorded in this trace (.csv or .csv.gz) instead of the "
    "workload's arrivals.",
)
@options.as_recorded
@options.document_output("plan")
@click.option(
    "--method",
    type=NameOf(METHODS),
    metavar="NAME",
    help=f"Search method, one of those below.  [default: {DEFAULT_METHOD}]",
)
@options.seed
@click.option(
    "--effort",
    type=NameOf(Effort),
    metavar="LEVEL",
    help=f"How much to search: {listed(Effort)}. Measured in work, not in seconds, so that "
    "plans repeat; about 2, 5 and 20 s for 60 models on 32 devices.  [default: medium]",
)
@click.option(
    "-j",
    "--jobs",
    type=WholeNumber(1, 1024),
    metavar="N",
    help="Simulate N placements in parallel; the plan does not depend on it.  [default: number "
    "of cores]",
)
@click.option(
    "--restarts",
    type=WholeNumber(1, 1000),
    metavar="N",
    help="Search N times independently and keep the best plan; the searches run side by side.  "
    "[default: 1]",
)
@task_options.dask
@click.option(
    "--time-limit",
    "time_limit_s",
    type=Seconds(),
    metavar="DURATION",
    help="Stop the search after this time (e.g. 10s, 2min) and take the best plan so far.",
)
@click.option(
    "--max-evaluations",
    type=WholeNumber(),
    metavar="N",
    help="Stop the search after simulating N placements; unlike a time limit, this gives the same "
    "plan every time.",
)
@renewal("plan")
@click.option(
    "--start-from",
    type=options.FILE,
    metavar="OLD",
    help="Start the search from this plan, and change only what gains more than its move costs.",
)
@click.option(
    "--move-cost",
    type=Number(0, 100),
    metavar="POINTS",
    help="With --start-from: points of SLO attainment that a change has to gain to load as many "
    "weights as OLD has, and in proportion for fewer.  [default: 1]",
)
@click.option(
    "--format",
    "output_format",
    type=NameOf(["table", "json", "markdown"]),
    metavar="FORMAT",
    help="With --check: output format, which is table, json or markdown; the last two have the "
    "steps to roll it out.  [default: table]",
)
@options.require_attainment
@click.option(
    "--explain",
    is_flag=True,
    help="Show the whole summary, with all attempts and what each step gained.",
)
@options.quiet
@user_errors
def plan(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    as_recorded: bool,
    output: Path | None,
    method: str | None,
    seed: int | None,
    effort: str | None,
    jobs: int | None,
    restarts: int | None,
    dask: str | None,
    time_limit_s: float | None,
    max_evaluations: int | None,
    check: Path | None,
    update: Path | None,
    start_from: Path | None,
    move_cost: float | None,
    output_format: str | None,
    require_attainment: float | None,
    explain: bool,
    quiet: bool,
) -> None:
    """Find a placement plan for a cluster and a workload.

    Writes the plan and prints a summary of it. The same inputs and seed give the same plan, byte
    for byte, unless --time-limit or Ctrl-C ends the search; the best plan so far is written then.

    With --check nothing is written: alpaplan plans again with the inputs and settings that PLAN
    was made with, and exits with 1 if the result differs. With --update it writes the result.
    """
    from alpaplan.cli.plan_check import report_check
    from alpaplan.planning.committed import load_committed
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.settings import PlanSettings
    from alpaplan.specs.plan import PlanSpec

    paths = InputPaths(cluster, workload, profiles, trace, as_recorded=as_recorded)
    settings = PlanSettings(time_limit_s=time_limit_s, jobs=jobs)
    asked = Renewal(output, check, update)
    _require_usage(check, start_from, move_cost, output_format)
    committed = None
    if asked.committed is not None:
        committed, made = load_committed(asked.committed, PlanSpec)
        paths = paths.or_those_of(committed)
        settings = settings.as_made(made)
    changes = options.given(
        method=method,
        seed=seed,
        effort=effort and Effort(effort),
        max_evaluations=max_evaluations,
        restarts=restarts,
    )
    settings = replace(settings, **changes)
    if dask is not None and settings.restarts == 1:
        raise click.UsageError("--dask runs the searches of --restarts: give their number")
    read = [*paths.given(), *asked.inputs()]
    if start_from is not None and start_from not in (update, check):
        read.append(start_from)
    require_target(asked.target, read)
    inputs = load_inputs(paths)
    require_target(asked.target, inputs.files.paths())
    start = _start_of(start_from, move_cost, committed)
    if start is not None and settings.restarts > 1:
        raise click.UsageError("--restarts are independent searches: none starts from a plan")
    planned, ended_by = _search(inputs, settings, asked.folder, start, dask, quiet=quiet)
    if committed is not None and check is not None:
        report_check(committed, planned, output_format or "table")
    else:
        _write(planned, asked.target, explain=explain, quiet=quiet)
    _exit(planned.result, ended_by, require_attainment)


def _require_usage(
    check: Path | None,
    start_from: Path | None,
    move_cost: float | None,
    output_format: str | None,
) -> None:
    """Refuse options that do not go together."""
    if output_format is not None and check is None:
        raise click.UsageError("--format is for --check")
    if move_cost is not None and start_from is None:
        raise click.UsageError("--move-cost is what leaving the plan of --start-from costs")


def _start_of(
    start_from: Path | None, move_cost: float | None, committed: Document[PlanSpec] | None
) -> StartPlan | None:
    """Return the plan to start from; None for none.

    A plan that was made so starts from itself when it is made again: what it started from may be
    gone, and is of no matter once that plan runs.
    """
    from alpaplan.files.document import load_document
    from alpaplan.planning.start import StartPlan
    from alpaplan.specs.plan import PlanSpec

    if start_from is not None:
        return StartPlan.of(load_document(start_from, PlanSpec), move_cost)
    made = None if committed is None else committed.spec.provenance
    if committed is None or made is None or made.start is None:
        return None
    return StartPlan.of(committed, made.start.move_cost)


def _search(
    inputs: Inputs,
    settings: PlanSettings,
    folder: Path,
    start: StartPlan | None,
    dask: str | None,
    *,
    quiet: bool,
) -> tuple[Planned, int | None]:
    """Plan with progress on a terminal; a signal ends the search with the best plan so far.

    Returns
    -------
    The plan, and the signal that ended the search; None: none did.
    """
    from alpaplan.cli.progress import search_progress
    from alpaplan.cli.signals import exit_code, interruptible
    from alpaplan.errors import InterruptedWithoutPlanError
    from alpaplan.planning.plan import plan as make_plan

    budgets: tuple[int | None, int | None, float | None] = None, None, settings.time_limit_s
    if settings.restarts == 1:  # else nobody hears how the searches go on
        max_work = settings.max_work(inputs.problem)
        budgets = max_work, settings.max_evaluations, settings.time_limit_s
    with (
        task_options.task_runner(dask, settings.jobs, settings.restarts) as runner,
        interruptible() as interrupt,
        search_progress(*budgets, enabled=not quiet) as progress,
    ):
        # Searches in other processes tell of nothing before they end, with the best that they have.
        interrupt.has_placement = settings.restarts > 1
        try:
            made = make_plan(
                inputs,
                settings,
                folder=folder,
                start=start,
                stop=interrupt,
                runner=runner,
                on_evaluation=interrupt.heard_by(progress.evaluated),
                on_phase=progress.goes_on_to,
            )
        except InterruptedWithoutPlanError as error:
            print_message(f"alpaplan: {error}")
            sys.exit(exit_code(interrupt.number or signal.SIGINT))
    return made, interrupt.number


def _write(planned: Planned, target: Path, *, explain: bool, quiet: bool) -> None:
    """Write the plan, and print a summary: on stderr if the plan itself takes stdout.

    What keeps it from being exported is told without a summary, too.
    """
    from alpaplan.files.plan_yaml import plan_to_yaml
    from alpaplan.report.exportable import describe_sharing

    write_document(target, plan_to_yaml(planned.document))
    if not quiet:
        from alpaplan.report.plan import plan_summary

        print_result(plan_summary(planned, explain=explain), to_stderr=target == STANDARD_OUTPUT)
    elif planned.sharing_a_process:
        print_message(describe_sharing(planned.sharing_a_process))


def _exit(result: PlanResult, ended_by: int | None, require_attainment: float | None) -> None:
    from alpaplan.cli.signals import exit_code
    from alpaplan.specs.choices import StopReason

    if result.stop_reason is StopReason.INTERRUPT:
        print_message("interrupted: this is the best plan so far")
    if ended_by is not None:
        sys.exit(exit_code(ended_by))
    found = result.prediction.slo_attainment
    if require_attainment is not None and found < require_attainment:
        print_message(
            f"predicted SLO attainment {found:.6g} is below the required {require_attainment:.6g}"
        )
        sys.exit(1)
