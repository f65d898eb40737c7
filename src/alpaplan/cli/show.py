"""`alpaplan show`: who runs where, how full that is, and what a plan promises."""

from __future__ import annotations

from pathlib import Path

import click

from alpaplan.cli import options
from alpaplan.cli.drawing import require_plot, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_result, print_text
from alpaplan.cli.plan_file import load_overview


@click.command()
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@options.inputs_of_plan
@options.format_of("table", "json", "markdown")
@options.plot
@user_errors
def show(
    plan: Path,
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    output_format: str,
    plot: Path | None,
) -> None:
    """Show who runs where in a plan, how full that is, and what it promises.

    Memory comes from the inputs that PLAN was made from, found relative to it unless they are
    given. A plan written by hand is shown as far as it goes. The plot has the devices by node:
    the memory that each model takes, and how busy their group is.
    """
    given = (cluster, workload, profiles)
    require_plot(plot, [plan, *given])
    overview = load_overview(plan, *given)
    require_plot(plot, overview.paths())
    if plot is not None:
        from alpaplan.report.fleet_plot import fleet_figure

        write_plot(plot, fleet_figure(overview))
    if output_format == "json":
        print_json(overview.to_json_dict())
        return
    from alpaplan.report.show import overview_markdown, overview_tables

    if output_format == "markdown":
        print_text(overview_markdown(overview, plan.name))
    else:
        print_result(overview_tables(overview))
