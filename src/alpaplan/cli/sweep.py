"""`alpaplan sweep`: a grid of plans, and the curve of each method."""

from __future__ import annotations

from pathlib import Path

import click

from alpaplan.cli import options, task_options
from alpaplan.cli.choices import ListingCommand
from alpaplan.cli.drawing import load_inputs_to_draw, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.grid import Grid, GridOption
from alpaplan.cli.output import print_points
from alpaplan.cli.quantities import Seconds
from alpaplan.planning.schedules.methods import CLOCKWORK, USUAL_WINDOW_S
from alpaplan.search.methods import METHODS
from alpaplan.specs.choices import Effort, SizeAxis
from alpaplan.units import format_seconds

SWEPT_METHODS = METHODS.summaries() | {
    CLOCKWORK: "replicas on single devices, planned for each window on what it will bring; no plan"
}
"""Name -> what it does: a curve may also be of a method that knows the future."""


@click.command(cls=ListingCommand, listings={"Methods": SWEPT_METHODS})
@options.inputs
@options.as_recorded
@click.option(
    "--axis",
    "grid",
    type=GridOption(),
    required=True,
    metavar="NAME=VALUES",
    help="What to vary (rate, cv, slo: factors on what is stated; nodes: their number) and the "
    "points: 0.5,1,2 or, for eight from 1 to 8, 1..8/8.",
)
@click.option(
    "--pool", metavar="NAME", help="The node pool to vary with nodes, if there are several."
)
@task_options.methods_among(SWEPT_METHODS)
@click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help=f"Length of the windows of {CLOCKWORK}.  [default: {format_seconds(USUAL_WINDOW_S)}]",
)
@task_options.effort
@task_options.max_evaluations
@options.seed
@task_options.jobs
@task_options.dask
@task_options.points_folder(required=True)
@options.format_of("table", "csv", "json")
@options.plot
@options.without_progress
@user_errors
def sweep(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    as_recorded: bool,
    grid: Grid,
    pool: str | None,
    methods: tuple[str, ...],
    window_s: float | None,
    effort: str,
    max_evaluations: int | None,
    seed: int | None,
    jobs: int | None,
    dask: str | None,
    folder: Path,
    output_format: str,
    plot: Path | None,
    quiet: bool,
) -> None:
    """Plan at each point of an axis by each method, and show the curves.

    All points have the same random numbers. Shown are SLO attainment, goodput and latency, as
    predicted on unseen arrivals.
    """
    from alpaplan.cli.point_progress import point_progress
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.settings import PlanSettings
    from alpaplan.planning.sizes.sweep import sweep as plan_points
    from alpaplan.report.sweep import sweep_csv, sweep_table

    if pool is not None and grid.axis is not SizeAxis.NODES:
        raise click.UsageError("--pool is for --axis nodes=VALUES")
    if window_s is not None and CLOCKWORK not in methods:
        raise click.UsageError(f"--window is for --method {CLOCKWORK}")
    paths = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    inputs = load_inputs_to_draw(paths, plot)
    settings = PlanSettings(seed=seed or 0, effort=Effort(effort), max_evaluations=max_evaluations)
    num_points = len(set(grid.values)) * len(set(methods))
    with (
        point_progress(folder, num_points, 1, enabled=not quiet) as listener,
        task_options.task_runner(dask, jobs, num_points) as runner,
    ):
        swept = plan_points(
            inputs,
            grid.axis,
            grid.values,
            methods,
            settings,
            runner,
            folder=folder,
            pool=pool,
            window_s=window_s or USUAL_WINDOW_S,
            listener=listener,
        )
    print_points(swept, output_format, sweep_csv, sweep_table)
    if plot is not None:
        from alpaplan.report.sizes_plot import sweep_figure

        write_plot(plot, sweep_figure(swept))
