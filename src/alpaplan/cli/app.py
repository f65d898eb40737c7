"""The `alpaplan` command: finds the subcommand and loads only that one's code."""

from __future__ import annotations

from typing import Any

import click

from alpaplan import __version__
from alpaplan.cli.collector import collect_seldom
from alpaplan.cli.errors import debug_option, ending_in_words, flush_stdout, open_closed_streams
from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "plan": "Find a placement plan for a cluster and a workload.",
    "simulate": "Simulate a plan or a schedule on a trace or on sampled arrivals.",
    "show": "Show who runs where in a plan, how full that is, and what it promises.",
    "report": "Write a page about a plan, for a browser.",
    "compare": "Compare plans on the same arrivals.",
    "size": "Find how much traffic a cluster takes, or how few nodes a workload needs.",
    "schedule": "Plan placements that change over time, where a change is worth its loading.",
    "export": "Export PLAN as files that start its engines and their router.",
    "verify": "Send real requests and compare with the simulation.",
    "diff": "Show what changes between two plans, and the steps to roll it out.",
    "sweep": "Plan at each point of an axis by each method, and show the curves.",
    "analyze": "Show by queueing theory whether models should share devices.",
    "profile": "Make model profiles and show what they say.",
    "workload": "Make workloads and traces and show their statistics.",
    "validate": "Check files of any kind and list everything wrong with them.",
    "schema": "Print the JSON Schema of a kind of document.",
    "init": "Copy an example to start from.",
    "guide": "Show a page of the guide, or its index.",
}
"""Subcommand -> its line in the help."""


class _Program(LazyGroup):
    """The outermost group: whatever goes wrong inside, help included, ends in words."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the command line; help and version are printed on the way."""
        open_closed_streams()
        collect_seldom()
        with ending_in_words():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        with ending_in_words():
            result = super().invoke(ctx)
            flush_stdout()
            return result


@click.group(
    cls=_Program,
    package="alpaplan.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="alpaplan")
@debug_option
def main() -> None:
    """Plan how to serve many large deep-learning models on one GPU cluster."""
