"""`alpaplan diff`: what changes between plans or within schedules, and the steps for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_message, print_result, print_text
from alpaplan.cli.quantities import Bytes, LeastServed, Seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alpaplan.analysis.plan_diff import PlanDiff
    from alpaplan.analysis.rollout import RolloutSettings
    from alpaplan.analysis.schedule_diff import ScheduleDiff
    from alpaplan.export.diff.loading import Diffed


@click.command()
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD")
@click.argument("new", type=click.Path(path_type=Path), metavar="[NEW]", required=False)
@options.format_of("table", "json", "markdown")
@click.option(
    "--load-bandwidth",
    "load_bandwidth_bytes_per_s",
    type=Bytes(),
    metavar="BYTES",
    default="2GB",
    show_default=True,
    help="Weights that each device loads in a second while all of them load.",
)
@click.option(
    "--start-time",
    "start_time_s",
    type=Seconds(zero=True),
    metavar="DURATION",
    default="60s",
    show_default=True,
    help="Time that an engine takes to start, beside loading its weights.",
)
@click.option(
    "--drain-time",
    "drain_time_s",
    type=Seconds(zero=True),
    metavar="DURATION",
    default="5s",
    show_default=True,
    help="Time that engines are left to finish before they stop.",
)
@click.option(
    "--floor",
    type=LeastServed(),
    metavar="FLOOR",
    default="copies=1",
    show_default=True,
    help="What every step has to keep: replicas in use of each model (copies=N), or an SLO "
    "attainment (attainment=X).",
)
@click.option(
    "--allow-outage",
    metavar="MODEL",
    multiple=True,
    help="Let this model be without a replica for a time if there is no other way. May be "
    "repeated.",
)
@options.trace
@options.duration
@options.seed
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the plans differ.")
@user_errors
def diff(
    old: Path,
    new: Path | None,
    output_format: str,
    load_bandwidth_bytes_per_s: int,
    start_time_s: float,
    drain_time_s: float,
    floor: tuple[int, float | None],
    allow_outage: tuple[str, ...],
    trace: Path | None,
    duration_s: float | None,
    seed: int | None,
    exit_code: bool,
) -> None:
    """Show what changes between two plans, and the steps to roll it out.

    In between, every model that both plans serve stays served, and no device holds more than its
    memory. What is in use after each step is simulated on samples of NEW's workload, or on
    --trace. The inputs of each plan are those that it was made from, found relative to it.

    For a schedule alone, each change that it makes is shown. Two schedules, or a schedule and a
    plan, are compared each time that either changes its placement. Requests are then those that
    come while the new placement is current.
    """
    from alpaplan.analysis.rollout import Floor, Pace, RolloutSettings
    from alpaplan.cli.step_progress import busy
    from alpaplan.export.diff.loading import load_diffed

    if trace is not None and duration_s is not None:
        raise click.UsageError("give either --trace or --duration, not both")
    copies, attainment = floor
    settings = RolloutSettings(
        Pace(load_bandwidth_bytes_per_s, start_time_s, drain_time_s),
        Floor(copies, attainment),
        tuple(dict.fromkeys(allow_outage)),
    )
    with busy("comparing"):
        diffed = load_diffed(old, new)
        found = _diff(diffed, trace, duration_s, seed or 0, settings)
    print_diff(found, output_format)
    for line in _below_floor(found):
        print_message(line)
    if found.below_floor or (exit_code and not found.is_same):
        sys.exit(1)


def _diff(
    diffed: Diffed,
    trace: Path | None,
    duration_s: float | None,
    seed: int,
    settings: RolloutSettings,
) -> PlanDiff | ScheduleDiff:
    from alpaplan.export.diff.diff import diff_plans
    from alpaplan.export.diff.schedules import diff_schedules
    from alpaplan.planning.runs import arrivals_for
    from alpaplan.planning.schedules.arrivals import arrivals_between

    inputs = diffed.inputs
    if diffed.of_schedules:
        return diff_schedules(
            diffed,
            lambda pair: arrivals_between(
                inputs, pair.start_s, pair.end_s, trace, duration_s, seed
            ),
            settings,
        )
    arrivals = arrivals_for(inputs, trace, duration_s, seed, others=True)
    (pair,) = diffed.pairs
    return diff_plans(pair.old, pair.new, inputs, arrivals, settings)


def _below_floor(found: PlanDiff | ScheduleDiff) -> Iterator[str]:
    """Yield what says which steps do not keep the floor."""
    from alpaplan.analysis.schedule_diff import ScheduleDiff
    from alpaplan.units import format_seconds, format_steps

    if isinstance(found, ScheduleDiff):
        for change in found.below_floor:
            for line in _below_floor(change.diff):
                yield f"from {format_seconds(change.start_s)} on: {line}"
    elif found.below_floor:
        yield f"below the floor after {format_steps(found.below_floor)}"


def print_diff(found: PlanDiff | ScheduleDiff, output_format: str) -> None:
    """Print a diff as a table, as JSON or as Markdown."""
    if output_format == "json":
        print_json(found.to_json_dict())
        return
    from alpaplan.analysis.plan_diff import PlanDiff
    from alpaplan.report.diff import diff_markdown, diff_tables
    from alpaplan.report.schedule_diff import schedule_diff_markdown, schedule_diff_tables

    if output_format == "markdown":
        print_text(
            diff_markdown(found) if isinstance(found, PlanDiff) else schedule_diff_markdown(found)
        )
    else:
        print_result(
            diff_tables(found) if isinstance(found, PlanDiff) else schedule_diff_tables(found)
        )
