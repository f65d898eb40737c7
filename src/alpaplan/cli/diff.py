"""`alpaplan diff`: what changes between two plans, and the steps from one to the other."""

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
    from alpaplan.analysis.plan_diff import PlanDiff


@click.command()
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW")
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
    new: Path,
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

    In between every model that both plans serve stays served, and no device holds more than its
    memory. What is in use after each step is simulated on samples of NEW's workload, or on
    --trace. The inputs of each plan are those that it was made from, found relative to it.
    """
    from alpaplan.analysis.rollout import Floor, Pace, RolloutSettings
    from alpaplan.cli.step_progress import busy
    from alpaplan.export.diff.diff import diff_plans
    from alpaplan.export.diff.loading import load_diffed
    from alpaplan.planning.runs import arrivals_for

    if trace is not None and duration_s is not None:
        raise click.UsageError("give either --trace or --duration, not both")
    copies, attainment = floor
    settings = RolloutSettings(
        Pace(load_bandwidth_bytes_per_s, start_time_s, drain_time_s),
        Floor(copies, attainment),
        tuple(dict.fromkeys(allow_outage)),
    )
    with busy("comparing"):
        plans = load_diffed(old, new)
        arrivals = arrivals_for(plans.inputs, trace, duration_s, seed or 0, others=True)
        found = diff_plans(plans.old, plans.new, plans.inputs, arrivals, settings)
    print_diff(found, output_format)
    if found.below_floor:
        steps = ", ".join(map(str, found.below_floor))
        print_message(f"below the floor after step {steps}")
    if found.below_floor or (exit_code and not found.is_same):
        sys.exit(1)


def print_diff(found: PlanDiff, output_format: str) -> None:
    """Print a diff as a table, as JSON or as Markdown."""
    if output_format == "json":
        print_json(found.to_json_dict())
    elif output_format == "markdown":
        from alpaplan.report.diff import diff_markdown

        print_text(diff_markdown(found))
    else:
        from alpaplan.report.diff import diff_tables

        print_result(diff_tables(found))
