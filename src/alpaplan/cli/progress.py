"""Live progress of a search on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn

from alpaplan.cli.output import make_console
from alpaplan.cli.step_progress import bar_with_times, can_show_progress, text_column
from alpaplan.search.attempt import ProgressListener, ignore_progress
from alpaplan.search.budget import Usage
from alpaplan.search.candidate import Score
from alpaplan.units import format_count

REFRESH_S = 0.1
"""Seconds between two updates of the display: scores come a thousand times a second."""


@contextmanager
def search_progress(
    max_work: int | None,
    max_evaluations: int | None,
    time_limit_s: float | None = None,
    *,
    enabled: bool,
) -> Iterator[ProgressListener]:
    """Show the progress of a search on stderr while the block runs, if that is a terminal.

    Parameters
    ----------
    max_work, max_evaluations, time_limit_s
        Budgets in simulated requests, in placements and in seconds; None where there is none.
        The bar and the time left follow the one that runs out first; a search may end before.
    enabled
        Whether to show anything at all.
    """
    console = make_console(stderr=True)
    if not enabled or not can_show_progress(console):
        yield ignore_progress
        return
    seen_so_far = text_column("{task.fields[found]}")
    columns = SpinnerColumn(), text_column("{task.description}"), *bar_with_times(seen_so_far)
    with Progress(*columns, console=console, transient=True) as progress:
        limited = any((max_work, max_evaluations, time_limit_s))
        begun_at = time.monotonic()
        task = progress.add_task("preparing", total=1.0 if limited else None, found="")
        lock = threading.Lock()
        seen, done, best, shown_at = 0, 0, 0.0, 0.0

        def listen(used: Usage, score: Score | None) -> None:
            nonlocal seen, done, best, shown_at
            with lock:
                seen += used.num_evaluations
                done += used.work
                best = best if score is None else max(best, score.attainment)
                now = time.monotonic()
                if now - shown_at < REFRESH_S:
                    return
                shown_at = now
                part = max(
                    done / max_work if max_work else 0.0,
                    seen / max_evaluations if max_evaluations else 0.0,
                    (now - begun_at) / time_limit_s if time_limit_s else 0.0,
                )
            found = format_count(seen, "placement")
            # Until one attains something, there is nothing to say of the best.
            found += f", best {best:.2%}" if best > 0 else ""
            progress.update(task, description="searching", completed=part, found=found)

        yield listen
