"""What commands put out: documents, JSON, and results for people as text that is easy to keep."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 100
"""Columns of what goes to a file or a pipe, unless ``COLUMNS`` says otherwise."""

STANDARD_OUTPUT = Path("-")

STDOUT_PATH = Path("/dev/stdout")
"""What ``-`` stands for where a path that the system knows is needed."""


def require_target(target: Path, inputs: Iterable[Path | None]) -> None:
    """Make sure that a document may and can be written, before long work is done for it.

    Parameters
    ----------
    target
        Where it goes.
    inputs
        What it is made from: that must not be overwritten.
    """
    from alpaplan.files.writing import require_writable

    require_writable(STDOUT_PATH if target == STANDARD_OUTPUT else target, inputs)


def require_plot(path: Path | None, inputs: Iterable[Path | None]) -> None:
    """Make sure of the same for a plot; None if none is drawn."""
    from alpaplan.files.writing import require_writable
    from alpaplan.report.figure import plot_format

    if path is not None:
        plot_format(path)
        require_writable(path, inputs)


def write_document(target: Path, text: str) -> None:
    """Write a document whole or not at all, or print it."""
    from alpaplan.files.writing import write_atomically

    if target == STANDARD_OUTPUT:
        click.echo(text, nl=False)
    else:
        write_atomically(target, text.encode())


def print_json(result: Mapping[str, Any]) -> None:
    """Print one object, which must have no number that JSON does not have."""
    click.echo(json.dumps(result, indent=2, allow_nan=False))


def print_result(result: RenderableType, *, to_stderr: bool = False) -> None:
    """Print a summary or tables: on a terminal as wide as that, elsewhere `WIDTH` columns.

    Parameters
    ----------
    result
        What to print.
    to_stderr
        Whether stdout is taken by a document.
    """
    from rich.console import Console

    console = Console(stderr=to_stderr, highlight=False)
    if console.is_terminal:
        console.print(result)
        return
    width = console.width if "COLUMNS" in os.environ else WIDTH
    text = io.StringIO()
    Console(file=text, width=width, highlight=False, color_system=None).print(result)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    click.echo("\n".join(lines), err=to_stderr)
