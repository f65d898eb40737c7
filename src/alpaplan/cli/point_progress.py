"""Live progress of sizes and sweeps: points planned, what is planned now, and the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress

from alpaplan.cli.output import make_console, print_message
from alpaplan.cli.step_progress import bar_with_times, can_show_progress, description, text_column
from alpaplan.printable import printable


@contextmanager
def point_progress(
    folder: Path | None, usual_points: int, *, enabled: bool
) -> Iterator[Callable[[str], None]]:
    """Show progress on stderr while the block runs, if that is a terminal.

    If it is interrupted, a message says what is kept.

    Parameters
    ----------
    folder
        Where points are kept; None: nowhere.
    usual_points
        How many points there are usually; if there are more, the bar waits at its end.
    enabled
        Whether to show anything at all.
    """
    done = 0
    progress: Progress | None = None
    console = make_console(stderr=True)
    if enabled and can_show_progress(console):
        points = text_column("{task.completed} of about {task.total} points")
        progress = Progress(*bar_with_times(points), description(), console=console, transient=True)
        task = progress.add_task("", total=usual_points)

    def listen(what: str) -> None:
        nonlocal done
        done += not what
        if progress is not None:
            about = f"planning {printable(what)}" if what else ""
            progress.update(task, completed=done, total=max(usual_points, done), description=about)

    try:
        if progress is not None:
            progress.start()
        yield listen
    except KeyboardInterrupt:
        if folder is not None and done:
            print_message(f"alpaplan: {done} points are kept in {folder}; run again to go on")
        raise
    finally:
        if progress is not None:
            progress.stop()
