"""How commands end: errors with a message on stderr and an exit code, never with a traceback."""

from __future__ import annotations

import errno
import functools
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, ParamSpec, TextIO, TypeVar

import click

from alpaplan.cli.libraries import compiler_trouble, prepare_libraries
from alpaplan.cli.output import discard_rest, print_message
from alpaplan.cli.signals import cleaned_up, exit_code
from alpaplan.errors import AlpaplanError, AlpaplanWarning, InputError
from alpaplan.planning.paths import MissingInputError
from alpaplan.printable import printable

_P = ParamSpec("_P")
_R = TypeVar("_R")

INTERNAL_ERROR = 70
"""Exit code for a mistake of the program itself: EX_SOFTWARE of sysexits.h."""

BROKEN_PIPE = 141
"""Exit code of a shell for a process that SIGPIPE ended."""

_DEBUG = f"{__name__}.debug"
"""Under this key of click's context stands whether tracebacks are wanted."""


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
        with ending_in_words(), cleaned_up(), _warnings_as_lines():
            prepare_libraries()
            try:
                return command(*args, **kwargs)
            except MissingInputError as error:
                missing = ", ".join(f"-{role[0]}/--{role}" for role in error.roles)
                what = f"missing option {missing}: neither given nor named in a plan"
                raise click.UsageError(what, click.get_current_context(silent=True)) from None

    return debug_option(run, hidden=True)


def debug_option(command: Callable[_P, _R], *, hidden: bool = False) -> Callable[_P, _R]:
    """Give a command ``--debug``, which is understood everywhere but shown in one help only."""
    return click.option(
        "--debug",
        is_flag=True,
        hidden=hidden,
        expose_value=False,
        is_eager=True,
        callback=_set_debug,
        help="Show a traceback if alpaplan itself fails, for a bug report.",
    )(command)


def _set_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    ctx.meta[_DEBUG] = value or ctx.meta.get(_DEBUG, False)


@contextmanager
def ending_in_words() -> Iterator[None]:
    """Turn every error of the block into a message on stderr and an exit code.

    Raises
    ------
    SystemExit
        In place of the error.
    """
    try:
        yield
    except click.ClickException as error:
        _show(error)
        raise SystemExit(error.exit_code) from None
    except AlpaplanError as error:
        lines = map(printable, error.lines) if isinstance(error, InputError) else None
        print_message(f"alpaplan: {error}" if lines is None else "\n".join(lines))
        raise SystemExit(error.exit_code) from None
    except OSError as error:  # such as a full disk behind stdout
        _end_without_system(error)
    except MemoryError:
        print_message("alpaplan: there is not enough memory for this input")
        raise SystemExit(InputError.exit_code) from None
    except (KeyboardInterrupt, click.Abort):
        print_message("alpaplan: interrupted")
        raise SystemExit(exit_code(signal.SIGINT)) from None
    except (click.exceptions.Exit, SystemExit):
        raise
    except Exception as error:
        _end_with_report(error)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print what users have to know of their inputs as lines on stderr.

    What libraries warn programmers of is shown only to those who ask Python for it.
    """
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
                print_message(f"alpaplan: {message}")
            printed.add(str(message))
        elif sys.warnoptions:
            usual(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", AlpaplanWarning)
        # Of a variable that numba cannot read.
        warnings.filterwarnings("error", "Environment variable 'NUMBA_", RuntimeWarning)
        warnings.showwarning = show
        yield


def flush_stdout() -> None:
    """Write what is left for stdout while its failure can still be said."""
    if sys.stdout is not None:
        sys.stdout.flush()


def open_closed_streams() -> None:
    """Open the standard streams that are closed, so that no file is taken for one of them.

    Python has None for them, to which output goes without a word, and the next file that is
    opened gets the number of one. What is written to a closed stdout is lost, so that it is an
    error here; messages may be lost, as the exit code says the same.
    """
    for name, flags, mode in (
        ("stdin", os.O_RDONLY, "r"),
        ("stdout", os.O_RDONLY, "w"),  # refuses to be written
        ("stderr", os.O_WRONLY, "w"),
    ):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)  # the lowest number that is free: this one
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def _show(error: click.ClickException) -> None:
    """Show what is wrong with the command line, as click does."""
    text = io.StringIO()
    error.show(text)
    print_message(text.getvalue().removesuffix("\n"))


def _end_without_system(error: OSError) -> NoReturn:
    """End where the operating system refused what neither reading nor writing a file asked."""
    from alpaplan.files.reading import reason

    discard_rest(sys.stdout)
    if isinstance(error, BrokenPipeError):
        raise SystemExit(BROKEN_PIPE) from None
    is_closed = error.errno == errno.EBADF and not error.filename
    why = "standard output is closed" if is_closed else reason(error)
    where = f"{error.filename}: " if error.filename else ""
    print_message(f"alpaplan: {where}{why}")
    raise SystemExit(InputError.exit_code) from None


def _end_with_report(error: Exception) -> NoReturn:
    """End after a mistake of the program itself with what a report of it should have."""
    trouble = compiler_trouble(error)
    if trouble is not None:
        print_message(f"alpaplan: {trouble}")
        raise SystemExit(AlpaplanError.exit_code) from None
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(_DEBUG, False):
        print_message("".join(traceback.format_exception(error)).rstrip("\n"))
    what = " ".join(f"{type(error).__name__}: {error}".split())
    print_message(
        f"alpaplan: internal error: {what} (a bug: please report it with the command and its "
        "files, and with what the same command prints with --debug)"
    )
    raise SystemExit(INTERNAL_ERROR) from None


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
