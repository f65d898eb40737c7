"""Results for people: on a terminal as wide as that, elsewhere as text that is easy to keep."""

from __future__ import annotations

import io
import os

import click
from rich.console import Console, RenderableType

WIDTH = 100
"""Columns of what goes to a file or a pipe, unless ``COLUMNS`` says otherwise."""


def print_result(result: RenderableType, *, to_stderr: bool = False) -> None:
    """Print a summary or tables.

    Parameters
    ----------
    result
        What to print.
    to_stderr
        Whether stdout is taken by a document.
    """
    console = Console(stderr=to_stderr, highlight=False)
    if console.is_terminal:
        console.print(result)
        return
    width = console.width if "COLUMNS" in os.environ else WIDTH
    text = io.StringIO()
    Console(file=text, width=width, highlight=False, color_system=None).print(result)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    click.echo("\n".join(lines), err=to_stderr)
