"""Output of commands: documents, JSON, and results for people as text that is easy to keep.

The one place that writes to stdout and stderr: what a terminal would obey is escaped here or, in
tables and paragraphs, by `alpaplan.report`; nothing is read as rich's markup.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

import click

from alpaplan.printable import printable
from alpaplan.search.threads import num_startable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class _ForJson(Protocol):
    def to_json_dict(self) -> dict[str, Any]: ...


_Points = TypeVar("_Points", bound=_ForJson)

WIDTH = 100
"""Columns of what goes to a file or a pipe, unless ``COLUMNS`` says otherwise."""

_NUM_THREADS = 2
"""Of live progress."""

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


def write_document(target: Path, text: str) -> None:
    """Write a document whole or not at all, or print it."""
    from alpaplan.files.writing import write_atomically

    if target == STANDARD_OUTPUT:
        click.echo(text, nl=False)
    else:
        write_atomically(target, text.encode())


def print_text(text: str) -> None:
    """Print lines for people on stdout."""
    click.echo(printable(text, keep_lines=True))


def print_message(text: str) -> None:
    """Print lines for people on stderr.

    If that is full or closed, the work goes on: the exit code still says how it ended.
    """
    try:
        click.echo(printable(text, keep_lines=True), err=True)
    except OSError:
        discard_rest(sys.stderr)


def discard_rest(stream: IO[str]) -> None:
    """Let the interpreter flush what is left in a stream to nowhere, as nobody can read it."""
    # https://docs.python.org/3/library/signal.html#note-on-sigpipe
    with contextlib.suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that shows text as it is: ``[bold]`` and ``:smile:`` may be in names."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def progress_console(*, enabled: bool = True) -> Console | None:
    """Return the console on stderr where progress is shown: a terminal, never a file or a pipe.

    There must be threads for it too: one renews what is shown, and one waits to show it.

    Parameters
    ----------
    enabled
        Whether to show any.

    Returns
    -------
    None if nothing is to be shown; then the library that would show it is not loaded.
    """
    if not enabled or not sys.stderr.isatty():
        return None
    console = make_console(stderr=True)
    return console if console.is_terminal and num_startable(_NUM_THREADS) == _NUM_THREADS else None


def print_json(result: Mapping[str, Any]) -> None:
    """Print one object, which must have no number that JSON does not have."""
    click.echo(json.dumps(result, indent=2, allow_nan=False))


def print_points(
    result: _Points,
    output_format: str,
    as_csv: Callable[[_Points], str],
    as_tables: Callable[[_Points], RenderableType],
) -> None:
    """Print points of plans as JSON, as CSV or, in any other format, as tables."""
    if output_format == "json":
        print_json(result.to_json_dict())
    elif output_format == "csv":
        print_text(as_csv(result))
    else:
        print_result(as_tables(result))


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

    console = make_console(stderr=to_stderr)
    if console.is_terminal:
        console.print(result)
        return
    width = console.width if "COLUMNS" in os.environ else WIDTH
    buffer = io.StringIO()
    plain = Console(file=buffer, width=width, color_system=None, markup=False, emoji=False)
    plain.print(result, highlight=False)
    lines = [line.rstrip() for line in buffer.getvalue().split("\n")]
    text = "\n".join(lines).removesuffix("\n")
    if to_stderr:
        print_message(text)
    else:
        print_text(text)
