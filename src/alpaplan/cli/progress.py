"""Live progress of a search on a terminal."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alpaplan.cli.output import progress_console
from alpaplan.search.budget import Usage
from alpaplan.search.candidate import Score
from alpaplan.search.phase import Phase

if TYPE_CHECKING:
    from rich.progress import Progress
from alpaplan.units import format_count

REFRESH_S = 0.1
"""Seconds between two updates of the display: scores come a thousand times a second."""

MOST_SHOWN = 0.99
"""Part of the bar that a search fills at most (a fraction): its plan comes after it."""


class SearchProgress:
    """Shows how a search goes on.

    Parameters
    ----------
    progress
        The display; None to show nothing.
    max_work, max_evaluations, time_limit_s
        See `search_progress`.
    """

    def __init__(
        self,
        progress: Progress | None,
        max_work: int | None,
        max_evaluations: int | None,
        time_limit_s: float | None,
    ) -> None:
        self._progress = progress
        self._limits = max_work, max_evaluations, time_limit_s
        self._lock = threading.Lock()
        self._begun_at = time.monotonic()
        self._seen, self._done, self._best, self._shown_at = 0, 0, 0.0, 0.0
        if progress is not None:
            total = 1.0 if any(self._limits) else None
            self._task = progress.add_task("preparing", total=total, found="")

    def evaluated(self, used: Usage, score: Score | None) -> None:
        """Count a simulated placement."""
        with self._lock:
            self._seen += used.num_evaluations
            self._done += used.work
            self._best = self._best if score is None else max(self._best, score.attainment)
            now = time.monotonic()
            if self._progress is None or now - self._shown_at < REFRESH_S:
                return
            self._shown_at = now
            used_up = self._done, self._seen, now - self._begun_at
            part = max(
                done / most if most else 0.0
                for done, most in zip(used_up, self._limits, strict=True)
            )
        part = min(part, MOST_SHOWN)
        self._progress.update(
            self._task, description="searching", completed=part, found=self._found()
        )

    def goes_on_to(self, phase: Phase) -> None:
        """Say what is done in place of the search, which has no known end."""
        if self._progress is not None:
            self._progress.update(
                self._task, description=phase, found=self._found(), ends_at=math.inf
            )

    def _found(self) -> str:
        if not self._seen:
            return ""
        # Until one attains something, there is nothing to say of the best.
        best = f", best {self._best:.2%}" if self._best > 0 else ""
        return format_count(self._seen, "placement") + best


@contextmanager
def search_progress(
    max_work: int | None,
    max_evaluations: int | None,
    time_limit_s: float | None = None,
    *,
    enabled: bool,
) -> Iterator[SearchProgress]:
    """Show the progress of a search on stderr while the block runs, if that is a terminal.

    Parameters
    ----------
    max_work, max_evaluations, time_limit_s
        Budgets in simulated requests, in placements and in seconds; None where there is none.
        The bar and the time left follow the one that runs out first; a search may end before.
    enabled
        Whether to show anything at all.
    """
    budgets = max_work, max_evaluations, time_limit_s
    console = progress_console(enabled=enabled)
    if console is None:
        yield SearchProgress(None, *budgets)
        return
    from rich.progress import Progress, SpinnerColumn

    from alpaplan.cli.progress_columns import bar_with_times, text_column

    seen_so_far = text_column("{task.fields[found]}")
    columns = SpinnerColumn(), text_column("{task.description}"), *bar_with_times(seen_so_far)
    with Progress(*columns, console=console, transient=True) as progress:
        yield SearchProgress(progress, *budgets)
