"""The `alpaplan` command: finds the subcommand and loads only that one's code."""

from __future__ import annotations

import importlib

import click

from alpaplan import __version__
from alpaplan.errors import did_you_mean

COMMANDS = {
    "plan": "Find a placement plan for a cluster and a workload.",
    "simulate": "Simulate a plan on a trace or on sampled arrivals.",
    "compare": "Show several plans side by side on the same arrivals.",
    "validate": "Check files of any kind, and show everything wrong with them.",
    "schema": "Print the JSON Schema of a kind of document.",
}
"""Subcommand -> its line in the help. The code is in `alpaplan.cli.<name>.<name>`."""


class _LazyGroup(click.Group):
    """A group that imports a subcommand's module only when that subcommand runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"alpaplan.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            known = ", ".join(COMMANDS)
            ctx.fail(
                f"command must be one of {known}, found {name!r}{did_you_mean(name, COMMANDS)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="alpaplan")
def main() -> None:
    """Plan how to serve many large deep-learning models on one GPU cluster."""
