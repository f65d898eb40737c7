"""Documents that are made again: `--check` and `--update` of `alpaplan plan` and `schedule`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alpaplan.cli import options
from alpaplan.cli.output import STANDARD_OUTPUT, print_text

if TYPE_CHECKING:
    from alpaplan.analysis.staleness import Staleness

_Command = TypeVar("_Command", bound=Callable[..., Any])


def renewal(what: str) -> Callable[[_Command], _Command]:
    """Return the options that ask for a document to be made again.

    Parameters
    ----------
    what
        What the document is: ``plan`` or ``schedule``.
    """
    name = what.upper()

    def decorate(command: _Command) -> _Command:
        check = click.option(
            "--check",
            type=options.FILE,
            is_flag=False,
            flag_value=STANDARD_OUTPUT,
            metavar=name,
            help=f"Write nothing; exit with 1 if planning again gives another {what} than {name}.",
        )
        update = click.option(
            "--update",
            type=options.FILE,
            metavar=name,
            help=f"Plan again with what {name} was made from, and write it in place.",
        )
        return check(update(command))

    return decorate


@dataclass(frozen=True)
class Renewal:
    """What is to be done with what is made.

    Parameters
    ----------
    output
        Where it is to be written.
    check
        A document to compare it with instead; ``-`` for that of `output`.
    update
        A document to write it in place of.

    Raises
    ------
    click.UsageError
        If that says nothing together.
    """

    output: Path | None
    check: Path | None
    update: Path | None

    def __post_init__(self) -> None:
        if self.update is not None and (self.check is not None or self.output is not None):
            raise click.UsageError(
                "--update writes its file in place: give no --check and no --output"
            )

    @property
    def committed(self) -> Path | None:
        """The document that is made again; None for a new one."""
        if self.check == STANDARD_OUTPUT and self.output is not None:
            return self.output
        return self.check or self.update

    @property
    def target(self) -> Path:
        """Where something is written: of a check that is a verdict, which may go anywhere."""
        if self.check is not None:
            return STANDARD_OUTPUT
        return self.update or self.output or STANDARD_OUTPUT

    @property
    def folder(self) -> Path:
        """Where the document lies, or will lie."""
        from alpaplan.files.places import is_stream

        place = self.committed or self.target
        return Path() if is_stream(place) else place.parent

    def inputs(self) -> list[Path]:
        """Return what is read of these files and must not be overwritten."""
        return [] if self.committed is None or self.update is not None else [self.committed]


def exit_if_stale(found: Staleness) -> None:
    """Exit with 1 if a document is stale."""
    if found.is_stale:
        sys.exit(1)


def print_verdict(path: Path, found: Staleness) -> None:
    """Print whether a document is current, with a line for each difference."""
    from alpaplan.report.staleness import staleness_lines

    print_text(f"{path}: stale" if found.is_stale else f"{path}: current")
    for line in staleness_lines(found):
        print_text(f"  {line}")
