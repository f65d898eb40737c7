"""Options that several commands share; what only one has stands beside that one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from alpaplan.cli.choices import NameOf
from alpaplan.cli.quantities import Bytes, Number, Seconds, WholeNumber

_Command = TypeVar("_Command", bound=Callable[..., Any])

FILE = click.Path(dir_okay=True, path_type=Path)
"""A file or folder; what is wrong with it is found where it is read or written."""

MAX_SEED = 2**63 - 1

_STANDARD_OUTPUT = Path("/dev/stdout")
"""What ``-`` means where a file is written part by part."""


def _stream_or_file(_: click.Context, __: click.Parameter, path: Path) -> Path:
    return _STANDARD_OUTPUT if path == Path("-") else path


cluster = click.option(
    "-c", "--cluster", type=FILE, metavar="FILE", help="Cluster document (YAML)."
)
workload = click.option(
    "-w", "--workload", type=FILE, metavar="FILE", help="Workload document (YAML)."
)
profiles = click.option(
    "-p", "--profiles", type=FILE, metavar="DIR", help="Folder of model profiles (YAML)."
)


def document_output(what: str) -> Callable[[_Command], _Command]:
    """Return the option for where a document is written.

    Parameters
    ----------
    what
        What the document is.
    """
    return click.option(
        "-o",
        "--output",
        type=FILE,
        metavar="FILE",
        help=f"Write the {what} to FILE; '-' means standard output.  [default: -]",
    )


trace_output = click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="TRACE",
    required=True,
    callback=_stream_or_file,
    help="Write the trace to this file (.csv or .csv.gz); '-' means standard output.",
)
seed = click.option(
    "--seed",
    type=WholeNumber(0, MAX_SEED),
    metavar="N",
    help="Seed of the random arrivals.  [default: 0]",
)
require_attainment = click.option(
    "--require-attainment",
    type=Number(0, 1),
    metavar="FRACTION",
    help="Exit with 1 if the SLO attainment is below this fraction (0.99).",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Show no summary and no progress.")
trace = click.option(
    "--trace",
    type=FILE,
    metavar="TRACE",
    help="Replay the arrivals of this trace (.csv or .csv.gz).",
)
duration = click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    help="Length of the sampled arrivals (10min).  [default: as long as for planning]",
)
dispatch = click.option(
    "--dispatch",
    type=click.Choice(["shortest-queue", "earliest-finish"]),
    help="Dispatch rule to use instead of the plan's or the cluster's.",
)
output_format = click.option(
    "--format",
    "output_format",
    type=NameOf(["table", "json"]),
    metavar="FORMAT",
    default="table",
    show_default=True,
    help="Output format: table, json.",
)
plot = click.option(
    "--plot", type=FILE, metavar="FILE", help="Also draw a plot into FILE (.svg, .png or .pdf)."
)
window = click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="DURATION",
    help="Divide time into windows of this length (10min).",
)
memory_limit = click.option(
    "--memory-limit",
    "memory_limit_bytes",
    type=Bytes(),
    metavar="SIZE",
    help="Leave out configurations that need more memory than this on any device (13GiB).",
)


def document_name(what: str, default: str) -> Callable[[_Command], _Command]:
    """Return the option for the name of a document that is made.

    Parameters
    ----------
    what
        What the document is.
    default
        Its name if none is given, in words.
    """
    return click.option("--name", metavar="NAME", help=f"Name of the {what}.  [default: {default}]")


# Options of one command, which move there.

planning_trace = click.option(
    "--trace",
    type=FILE,
    metavar="TRACE",
    help="Plan for the requests recorded in this trace (.csv or .csv.gz) instead of the "
    "workload's arrivals.",
)
method = click.option(
    "--method",
    metavar="NAME",
    help="Search method: auto, greedy, beam, selective-replication, round-robin, "
    "ilp.  [default: auto]",
)
effort = click.option(
    "--effort",
    type=click.Choice(["low", "medium", "high"]),
    help="How much to search, counted in work and not in seconds, so that plans repeat: about "
    "2, 10 and 80 s for 60 models on 32 devices.  [default: medium]",
)
jobs = click.option(
    "-j",
    "--jobs",
    type=WholeNumber(1, 1024),
    metavar="N",
    help="Simulate this many placements in parallel; the plan does not depend on it.  "
    "[default: number of cores]",
)
time_limit = click.option(
    "--time-limit",
    "time_limit_s",
    type=Seconds(),
    metavar="DURATION",
    help="Stop the search after this time (10s, 2min) and take the best plan so far.",
)
max_evaluations = click.option(
    "--max-evaluations",
    type=WholeNumber(),
    metavar="N",
    help="Stop the search after simulating N placements; unlike a time limit, this gives the same "
    "plan every time.",
)
check = click.option(
    "--check",
    type=FILE,
    is_flag=False,
    flag_value=Path("-"),
    metavar="PLAN",
    help="Write nothing; exit with 1 if planning again gives another plan than PLAN.",
)
explain = click.option(
    "--explain", is_flag=True, help="Also show what each step of the search gained."
)
runs = click.option(
    "--runs",
    type=WholeNumber(2, 1000),
    metavar="N",
    help="Number of sampled runs, each with its own seed.  [default: 10]",
)
workload_output = document_output("workload")
output = document_output("plan")
name = document_name("workload", "the name of the trace's file")
required_duration = click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    required=True,
    help="Length of the trace (10min).",
)
fitted_process = click.option(
    "--process",
    type=click.Choice(["auto", "gamma", "poisson", "weibull", "mmpp"]),
    default="auto",
    show_default=True,
    help="Arrival process to fit; auto takes the one that fits best.",
)
served_models = click.option(
    "--models",
    "models",
    type=FILE,
    metavar="WORKLOAD",
    help="Take profiles and objectives from this workload document; its arrivals are replaced.",
)
common_profile = click.option(
    "--profile",
    metavar="NAME",
    help="Without --models: profile of all models.  [default: each model's own name]",
)
common_slo = click.option(
    "--slo",
    "slo_s",
    type=Seconds(),
    metavar="DURATION",
    help="Without --models: latency objective of all models (500ms).",
)
common_slo_scale = click.option(
    "--slo-scale",
    type=Number(0, 1e6, above=True),
    metavar="FACTOR",
    help="Without --models: latency objective as a multiple of each model's latency on its "
    "smallest configuration.  [default: 5]",
)
