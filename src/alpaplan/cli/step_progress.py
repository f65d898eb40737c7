"""Live progress on a terminal, of work with a known number of steps and of any other."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from alpaplan.cli.output import make_console
from alpaplan.printable import printable
from alpaplan.search.threads import num_startable

SHOWN_AFTER_S = 2.0
"""Seconds before anything is shown: shorter work needs no bar."""

_NUM_THREADS = 2
"""A display has one to renew it, and one that waits to show it."""


def can_show_progress(console: Console) -> bool:
    """Whether a console is a terminal, and there can be threads that renew what it shows."""
    return console.is_terminal and num_startable(_NUM_THREADS) == _NUM_THREADS


def description() -> ProgressColumn:
    """Return the column of what is being done, which may name files and models of any name."""
    return text_column("{task.description}")


def text_column(text_format: str) -> ProgressColumn:
    """Return a column of text, with fields of the task as `str.format` names them."""
    return TextColumn(text_format, markup=False)


def bar_with_times(*text: ProgressColumn) -> tuple[ProgressColumn, ...]:
    """Return a bar, columns of text, and the time that has passed and the time that is left."""
    return BarColumn(bar_width=15), *text, TimeElapsedColumn(), TimeLeftColumn()


class TimeLeftColumn(ProgressColumn):
    """The time that is left, such as ``00:12 left``; nothing as long as that is not known.

    It is as steps went lately, unless the task has a field ``ends_at``: a time of
    `time.monotonic`, infinite where that is not known.
    """

    max_refresh = 0.5  # seconds, so that it does not jitter

    def render(self, task: Task) -> Text:
        """Return the text."""
        ends_at = task.fields.get("ends_at")
        left_s = task.time_remaining
        if ends_at is not None:
            left_s = ends_at - time.monotonic() if math.isfinite(ends_at) else None
        if task.total is None or left_s is None:
            return Text()
        minutes, seconds = divmod(max(0, int(left_s)), 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
        return Text(f"{clock} left", style="progress.remaining")


class StepProgress:
    """Shows the progress of some work once it has taken `SHOWN_AFTER_S`.

    Parameters
    ----------
    progress
        The display; None to show nothing.
    """

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._begun_at = time.monotonic()
        self._what, self._total, self._done = "", 0, 0

    def begin(self, what: str, total: int) -> None:
        """Begin a part of the work, with its number of steps."""
        self._what, self._total, self._done = printable(what), total, 0
        if self._progress is not None and self._task is not None:
            self._progress.reset(self._task, description=self._what, total=total)

    def advance(self, steps: int) -> None:
        """Count more steps as done."""
        self._done += steps
        if self._progress is None:
            return
        if self._task is None:
            if time.monotonic() - self._begun_at < SHOWN_AFTER_S:
                return
            self._progress.start()
            self._task = self._progress.add_task(self._what, total=self._total)
        self._progress.update(self._task, completed=self._done)


@contextmanager
def step_progress(*, enabled: bool = True) -> Iterator[StepProgress]:
    """Show progress on stderr while the block runs, if that is a terminal.

    Parameters
    ----------
    enabled
        Whether to show anything at all.
    """
    console = make_console(stderr=True)
    if not enabled or not can_show_progress(console):
        yield StepProgress(None)
        return
    percentage = text_column("{task.percentage:>3.0f}%")
    columns = description(), *bar_with_times(percentage)
    progress = Progress(*columns, console=console, transient=True)
    try:
        yield StepProgress(progress)
    finally:
        progress.stop()


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show on stderr that the block is running, after `SHOWN_AFTER_S`, if that is a terminal.

    Parameters
    ----------
    what
        What is being done, such as ``reading big.csv``.
    """
    console = make_console(stderr=True)
    if not can_show_progress(console):
        yield
        return
    columns = (SpinnerColumn(), description(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True)
    progress.add_task(printable(what), total=None)
    timer = threading.Timer(SHOWN_AFTER_S, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
