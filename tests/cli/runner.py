"""Running commands inside the tests' own process, with whichever click is installed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import click
from click.testing import CliRunner, Result

from alpaplan.cli import main

_SEPARATE_STDERR: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
)
"""Before click 8.2 stderr went into stdout unless asked not to."""


def invoke(command: click.Command, arguments: Sequence[str], **options: Any) -> Result:
    """Run a command; the result has what it wrote and its exit code."""
    return CliRunner(**_SEPARATE_STDERR).invoke(command, arguments, **options)


def context_of(command: click.Command) -> click.Context:
    """Return a context as the program has it: commands keep the help option of their first one."""
    return click.Context(command, **main.context_settings)


def commands_below(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the path and the command of everything in a group and in the groups in it."""
    context = context_of(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands_below(command, (*path, name))


COMMANDS: dict[tuple[str, ...], click.Command] = {(): main, **dict(commands_below(main))}
"""Path -> command or group, of everything that `alpaplan` does."""
