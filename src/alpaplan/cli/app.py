"""The `alpaplan` command: finds the subcommand and loads only that one's code."""

from __future__ import annotations

import click

from alpaplan import __version__
from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "plan": "Find a placement plan for a cluster and a workload.",
    "simulate": "Simulate a plan on a trace or on sampled arrivals.",
    "compare": "Compare plans on the same arrivals.",
    "analyze": "Show by queueing theory whether models should share devices.",
    "profile": "Make model profiles and show what they say.",
    "workload": "Make workloads and traces and show their statistics.",
    "validate": "Check files of any kind and list everything wrong with them.",
    "schema": "Print the JSON Schema of a kind of document.",
    "init": "Copy an example to start from.",
    "guide": "Show a page of the guide, or its index.",
}
"""Subcommand -> its line in the help."""


@click.group(
    cls=LazyGroup,
    package="alpaplan.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="New to alpaplan? Start with: alpaplan guide start",
)
@click.version_option(__version__, "-V", "--version", prog_name="alpaplan")
def main() -> None:
    """Plan how to serve many large deep-learning models on one GPU cluster."""
