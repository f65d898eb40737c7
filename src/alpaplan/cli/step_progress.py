"""Live progress on a terminal, of work with a known number of steps and of any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alpaplan.cli.output import progress_console
from alpaplan.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SHOWN_AFTER_S = 2.0
"""Seconds before anything is shown: shorter work needs no bar."""


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
    console = progress_console(enabled=enabled)
    if console is None:
        yield StepProgress(None)
        return
    from rich.progress import Progress

    from alpaplan.cli.progress_columns import bar_with_times, description, text_column

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
    console = progress_console()
    if console is None:
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

    from alpaplan.cli.progress_columns import description

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
