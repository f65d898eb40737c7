"""`alpaplan size`: up to which traffic, burstiness, objectives and nodes a target is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options, task_options
from alpaplan.cli.choices import ListingCommand, NameOf
from alpaplan.cli.drawing import load_inputs_to_draw, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_message, print_points
from alpaplan.cli.quantities import Number
from alpaplan.search.methods import METHODS
from alpaplan.specs.choices import Effort, SizeAxis

if TYPE_CHECKING:
    from alpaplan.planning.inputs import Inputs

AXES = {
    SizeAxis.RATE: "all rates times a factor: the largest one",
    SizeAxis.CV: "every CV of the arrivals times a factor: the largest one",
    SizeAxis.SLO: "every objective times a factor: the smallest one",
    SizeAxis.NODES: "nodes of one pool: the fewest",
    SizeAxis.COST: "nodes of all pools: the cheapest by their cost_per_hour",
}
"""Axis -> what is varied, and what is found."""

USUAL_AXES = (SizeAxis.RATE, SizeAxis.CV, SizeAxis.SLO)
"""Axes where none is asked for; nodes too, if there is one pool, and no CV if none is to scale."""


@click.command(cls=ListingCommand, listings={"Axes": AXES, "Methods": METHODS.summaries()})
@options.inputs
@options.as_recorded
@click.option(
    "--target",
    type=Number(0, 1, above=True),
    metavar="FRACTION",
    default=0.99,
    show_default=True,
    help="SLO attainment to keep, as predicted on unseen arrivals.",
)
@click.option(
    "--axis",
    "axes",
    type=NameOf(SizeAxis),
    multiple=True,
    metavar="NAME",
    help="What to vary, one of those below. May be repeated.  [default: rate, cv, slo, and nodes "
    "if there is one pool]",
)
@click.option(
    "--pool", metavar="NAME", help="The node pool to size by nodes, if there are several."
)
@task_options.methods_among(METHODS)
@task_options.effort
@task_options.max_evaluations
@options.seed
@task_options.jobs
@task_options.dask
@task_options.points_folder(required=False)
@options.format_of("table", "json", "csv")
@options.plot
@options.without_progress
@user_errors
def size(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    as_recorded: bool,
    target: float,
    axes: tuple[str, ...],
    pool: str | None,
    methods: tuple[str, ...],
    effort: str,
    max_evaluations: int | None,
    seed: int | None,
    jobs: int | None,
    dask: str | None,
    folder: Path | None,
    output_format: str,
    plot: Path | None,
    quiet: bool,
) -> None:
    """Find how much traffic a cluster takes, or how few nodes a workload needs.

    For each axis: the limit up to which the SLO attainment stays at the target, everything else as
    in the documents, with a 95% interval, and the best plan there. All points have the same random
    numbers.
    """
    from alpaplan.cli.point_progress import point_progress
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.settings import PlanSettings
    from alpaplan.planning.sizes.factors import USUAL_PLANS
    from alpaplan.planning.sizes.size import size as find_sizes
    from alpaplan.report.sizes import sizes_csv, sizes_tables

    paths = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    inputs = load_inputs_to_draw(paths, plot)
    if pool is not None and axes and SizeAxis.NODES not in axes:
        raise click.UsageError("--pool is for --axis nodes")
    chosen = tuple(SizeAxis(name) for name in axes) or _usual_axes(inputs, pool)
    settings = PlanSettings(seed=seed or 0, effort=Effort(effort), max_evaluations=max_evaluations)
    num_chains = len(set(chosen)) * len(set(methods))
    with (
        point_progress(folder, num_chains, USUAL_PLANS, enabled=not quiet) as listener,
        task_options.task_runner(dask, jobs, num_chains) as runner,
    ):
        sizes = find_sizes(
            inputs,
            chosen,
            methods,
            settings,
            target,
            runner,
            pool=pool,
            folder=folder,
            listener=listener,
        )
    print_points(sizes, output_format, sizes_csv, sizes_tables)
    if plot is not None:
        from alpaplan.report.sizes_plot import sizes_figure

        write_plot(plot, sizes_figure(sizes))


def _usual_axes(inputs: Inputs, pool: str | None) -> tuple[SizeAxis, ...]:
    """Return the axes where none is asked for: those that there is something to scale on."""
    from alpaplan.planning.sizes.axes import unscaled_models

    axes: tuple[SizeAxis, ...] = USUAL_AXES
    if len(unscaled_models(inputs)) == len(inputs.workload.models):
        print_message("note: no arrivals have a CV to scale, so the axis cv is left out")
        axes = tuple(axis for axis in axes if axis is not SizeAxis.CV)
    has_nodes = pool is not None or len(inputs.cluster.node_pools) == 1
    return (*axes, SizeAxis.NODES) if has_nodes else axes
