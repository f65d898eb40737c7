"""A group of commands that loads only the code of the one that runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

from alpaplan.registry import must_be_one_of


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only when that subcommand runs.

    Parameters
    ----------
    package
        Where the subcommands are: NAME is the object ``NAME`` (``-`` becomes ``_``, a Python
        keyword gets a trailing ``_``) of ``package.NAME``.
    summaries
        Subcommand -> its line in the help.
    """

    def __init__(self, *, package: str, summaries: Mapping[str, str], **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]
        self._package = package
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands in the order of the help."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand; None if there is none of that name."""
        if cmd_name not in self._summaries:
            return None
        name = python_name(cmd_name)
        command: click.Command = getattr(importlib.import_module(f"{self._package}.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand, or fail with the known ones."""
        name = args[0]
        if name not in self._summaries and not name.startswith("-"):
            ctx.fail(f"command {must_be_one_of(self._summaries, name)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands' lines without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


def python_name(command: str) -> str:
    """Return the name of a command's module and function."""
    return f"{command}_" if command == "import" else command.replace("-", "_")
