"""Options that several benchmarks share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from alpaplan.specs.choices import Effort

_Command = TypeVar("_Command", bound=Callable[..., Any])

seeds = click.option(
    "--seeds", default=3, show_default=True, help="Plans of each case: seeds 0, 1, ..."
)
first_seed = click.option("--first-seed", default=0, show_default=True)
seed = click.option("--seed", default=0, show_default=True)
method = click.option("--method", default="auto", show_default=True)
jobs = click.option(
    "--jobs", default=os.cpu_count() or 1, show_default=True, help="Cores of a plan."
)
plans_at_once = click.option(
    "--jobs", default=os.cpu_count() or 1, show_default=True, help="Plans side by side."
)
max_evaluations = click.option(
    "--max-evaluations", type=int, metavar="N", help="Budget in simulated placements."
)
json_file = click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Where numbers go too."
)


def effort(default: Effort) -> Callable[[_Command], _Command]:
    """Return the option for how much to search."""
    return click.option(
        "--effort",
        type=click.Choice([each.value for each in Effort]),
        default=default.value,
        show_default=True,
    )


def _numbers(_: click.Context, __: click.Parameter, text: str | None) -> list[int] | None:
    return None if text is None else [int(number) for number in text.split(",")]


cases = click.option(
    "--cases",
    metavar="N,N,...",
    callback=_numbers,
    help="Numbers of the cases.  [default: all]",
)
