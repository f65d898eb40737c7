"""Options of commands whose work is divided into tasks: what to plan, and where that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alpaplan.cli import options
from alpaplan.cli.choices import NameOf, listed
from alpaplan.cli.quantities import WholeNumber
from alpaplan.search.methods import DEFAULT_METHOD
from alpaplan.specs.choices import Effort

if TYPE_CHECKING:
    from alpaplan.planning.tasks import TaskRunner

_Command = TypeVar("_Command", bound=Callable[..., Any])

DEFAULT_EFFORT = Effort.LOW
"""Where there are many plans to make: limits hardly move with more, and take five times as long."""


def methods_among(known: Iterable[str]) -> Callable[[_Command], _Command]:
    """Return the option for the methods by which points are planned, of those of some names."""
    return click.option(
        "--method",
        "methods",
        type=NameOf(known),
        multiple=True,
        metavar="NAME",
        default=(DEFAULT_METHOD,),
        help=f"Search method, one of those below. May be repeated.  [default: {DEFAULT_METHOD}]",
    )


effort = click.option(
    "--effort",
    type=NameOf(Effort),
    metavar="LEVEL",
    default=str(DEFAULT_EFFORT),
    show_default=True,
    help=f"How much to search for each plan: {listed(Effort)}.",
)
max_evaluations = click.option(
    "--max-evaluations",
    type=WholeNumber(),
    metavar="N",
    help="Stop the search for each plan after simulating N placements.",
)


def points_folder(*, required: bool) -> Callable[[_Command], _Command]:
    """Return the option for the folder of plans and points, which a second run goes on with."""
    return click.option(
        "-o",
        "--output",
        "folder",
        type=options.FILE,
        metavar="DIR",
        required=required,
        help="Keep the plans and points in this folder; another run reuses what is there.",
    )


jobs = click.option(
    "-j",
    "--jobs",
    type=WholeNumber(1, 1024),
    metavar="N",
    help="Cores of this machine to use; the result does not depend on it.  [default: all]",
)
dask = click.option(
    "--dask",
    metavar="ADDRESS",
    help="Plan on the Dask cluster with this scheduler (e.g. tcp://10.0.0.5:8786). Needs "
    "alpaplan[dask], and alpaplan of the same version on the workers.",
)


@contextmanager
def task_runner(address: str | None, num_jobs: int | None, num_chains: int) -> Iterator[TaskRunner]:
    """Run tasks where the options say: on a Dask cluster, or in processes of this machine."""
    from alpaplan.planning.settings import usable_cores
    from alpaplan.planning.tasks import dask_runner, local_runner

    if address is not None:
        if num_jobs is not None:
            raise click.UsageError("--jobs is for this machine: give either --dask or --jobs")
        with dask_runner(address) as runner:
            yield runner
    else:
        with local_runner(num_jobs or usable_cores(), num_chains) as runner:
            yield runner
