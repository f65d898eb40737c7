"""Every option of every command, defined once."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(dir_okay=True, path_type=Path)

cluster = click.option("-c", "--cluster", type=_FILE, metavar="FILE", help="Cluster document.")
workload = click.option("-w", "--workload", type=_FILE, metavar="FILE", help="Workload document.")
profiles = click.option(
    "-p", "--profiles", type=_FILE, metavar="DIR", help="Folder of model profiles."
)
output = click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    help="Where the plan goes; '-' for standard output.  [default: -]",
)
method = click.option(
    "--method",
    metavar="NAME",
    help="Search method: auto, greedy, beam, selective-replication, round-robin, "
    "ilp.  [default: auto]",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed of all sampled arrivals.  [default: 0]",
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
    type=click.IntRange(1, 1024),
    help="Placements simulated side by side; the plan does not depend on it.  [default: cores]",
)
time_limit = click.option(
    "--time-limit",
    type=str,
    metavar="DURATION",
    help="End the search after so long (10s, 2min) with the best plan so far.",
)
max_evaluations = click.option(
    "--max-evaluations",
    type=click.IntRange(1),
    metavar="N",
    help="Budget in simulated placements; unlike a time limit it gives the same plan every time.",
)
check = click.option(
    "--check",
    type=_FILE,
    is_flag=False,
    flag_value=Path("-"),
    metavar="PLAN",
    help="Write nothing; plan again and exit with 1, saying what differs, if PLAN is stale.",
)
require_attainment = click.option(
    "--require-attainment",
    type=click.FloatRange(0, 1),
    metavar="FRACTION",
    help="Exit with 1 if the SLO attainment is smaller.",
)
explain = click.option(
    "--explain", is_flag=True, help="Show what each step of the search gained, too."
)
quiet = click.option("-q", "--quiet", is_flag=True, help="No summary and no progress.")
trace = click.option(
    "--trace", type=_FILE, metavar="FILE", help="Arrivals to replay (.csv or .csv.gz)."
)
duration = click.option(
    "--duration",
    type=str,
    metavar="DURATION",
    help="Length of the sampled arrivals.  [default: as many as planning uses]",
)
runs = click.option(
    "--runs",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Sampled runs, each with a seed of its own.  [default: 10]",
)
dispatch = click.option(
    "--dispatch",
    type=click.Choice(["shortest-queue", "earliest-finish"]),
    help="Dispatch rule in place of the plan's or the cluster's.",
)
output_format = click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
