"""How what a user can cause ends: words on stderr, an exit code, no traceback."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from alpaplan.errors import AlpaplanError, InputError

_P = ParamSpec("_P")
_R = TypeVar("_R")

INTERRUPTED = 130
"""Exit code of a shell for a process that SIGINT ended."""

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
        try:
            return command(*args, **kwargs)
        except InputError as error:
            _say(*error.lines)
            raise SystemExit(error.exit_code) from None
        except AlpaplanError as error:
            _say(f"alpaplan: {error}")
            raise SystemExit(error.exit_code) from None
        except BrokenPipeError:
            _silence_stdout()
            raise SystemExit(BROKEN_PIPE) from None
        except KeyboardInterrupt:
            _say("alpaplan: interrupted")
            raise SystemExit(INTERRUPTED) from None

    return run


def _say(*lines: str) -> None:
    """Write to stderr; the exit code says the same to those who no longer read it."""
    with contextlib.suppress(BrokenPipeError):
        for line in lines:
            click.echo(line, err=True)


def _silence_stdout() -> None:
    """Let the interpreter flush what is left to nowhere, since nobody reads it any more."""
    # https://docs.python.org/3/library/signal.html#note-on-sigpipe
    with contextlib.suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
