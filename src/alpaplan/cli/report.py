"""`alpaplan report`: one self-contained page about a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import require_target, write_document
from alpaplan.cli.plan_file import load_overview

if TYPE_CHECKING:
    from alpaplan.planning.traffic_curve import CurvePoint


@click.command()
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@options.inputs_of_plan
@click.option(
    "-o",
    "--output",
    type=options.FILE,
    metavar="FILE",
    required=True,
    help="Write the page (HTML) to FILE; '-' means standard output.",
)
@options.without_progress
@user_errors
def report(
    plan: Path,
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    output: Path,
    quiet: bool,
) -> None:
    """Write a page about a plan, for a browser.

    The page needs nothing else, and prints well: what the plan promises, a picture of the fleet,
    each model's attainment and latencies, how attainment changes with traffic, what else was
    tried, and what the plan was made from. The inputs are found through PLAN unless they are
    given; without them the page has no memory and no curve. The same plan and inputs give the
    same page.
    """
    from alpaplan.cli.step_progress import step_progress
    from alpaplan.planning.traffic_curve import RATE_SCALES, traffic_curve
    from alpaplan.report.web.page import report_page

    given = (cluster, workload, profiles)
    require_target(output, [plan, *given])
    overview = load_overview(plan, *given)
    require_target(output, overview.paths())
    curve: tuple[CurvePoint, ...] = ()
    if overview.inputs is not None:
        with step_progress(enabled=not quiet) as progress:
            progress.begin("simulating less and more traffic", len(RATE_SCALES))
            curve = traffic_curve(overview.inputs, overview.plan, lambda: progress.advance(1))
    write_document(output, report_page(overview, plan.name, curve))
