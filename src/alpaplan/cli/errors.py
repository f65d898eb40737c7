"""How errors that a user can cause end: a message on stderr, an exit code, no traceback."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import ParamSpec, TextIO, TypeVar

import click

from alpaplan.cli.signals import cleaned_up, exit_code
from alpaplan.errors import AlpaplanError, AlpaplanWarning, InputError
from alpaplan.planning.paths import MissingInputError

_P = ParamSpec("_P")
_R = TypeVar("_R")

BROKEN_PIPE = 141
"""Exit code of a shell for a process that SIGPIPE ended."""


def user_errors(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a command so that errors that a user can cause end in a message and exit code.

    Raises
    ------
    SystemExit
        By the decorated command, with the exit code, in place of the error.
    """

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        _print_any_letter()
        try:
            with cleaned_up(), _warnings_as_lines():
                return command(*args, **kwargs)
        except MissingInputError as error:
            missing = ", ".join(f"-{role[0]}/--{role}" for role in error.roles)
            what = f"missing option {missing}: neither given nor named in a plan"
            raise click.UsageError(what) from None
        except InputError as error:
            _print_lines(*error.lines)
            raise SystemExit(error.exit_code) from None
        except AlpaplanError as error:
            _print_lines(f"alpaplan: {error}")
            raise SystemExit(error.exit_code) from None
        except BrokenPipeError:
            _silence_stdout()
            raise SystemExit(BROKEN_PIPE) from None
        except OSError as error:  # such as a full disk behind stdout
            from alpaplan.files.reading import reason

            _silence_stdout()
            where = f"{error.filename}: " if error.filename else ""
            _print_lines(f"alpaplan: {where}{reason(error)}")
            raise SystemExit(InputError.exit_code) from None
        except KeyboardInterrupt:
            _print_lines("alpaplan: interrupted")
            raise SystemExit(exit_code(signal.SIGINT)) from None

    return run


@contextlib.contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print what users have to know of their inputs as lines on stderr."""
    usual = warnings.showwarning
    printed = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, AlpaplanWarning):
            if str(message) not in printed:
                _print_lines(f"alpaplan: {message}")
            printed.add(str(message))
        else:
            usual(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", AlpaplanWarning)
        warnings.showwarning = show
        yield


def _print_any_letter() -> None:
    """Let names in any script, and the lines of tables, be printed whatever the locale is.

    Documents are UTF-8, so that a file or a pipe gets that; a terminal gets question marks in place
    of letters that it does not have.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")


def _print_lines(*lines: str) -> None:
    """Write to stderr, which may be closed already: the exit code says the same."""
    with contextlib.suppress(BrokenPipeError):
        for line in lines:
            click.echo(line, err=True)


def _silence_stdout() -> None:
    """Let the interpreter flush what is left to nowhere, since nobody reads it any more."""
    # https://docs.python.org/3/library/signal.html#note-on-sigpipe
    with contextlib.suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
