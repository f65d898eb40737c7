"""Live progress of sizes and sweeps: points planned, what is planned now, and the time left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from alpaplan.cli.output import print_message, progress_console
from alpaplan.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@dataclass
class Points:
    """Counts the points of chains, and guesses how many there will be and how long they take.

    Parameters
    ----------
    num_chains
        Chains of points.
    usual_points
        How many points one usually has. There may be fewer or more: until its end, a chain has
        another one to come.
    on_change
        Called whenever there is something new.
    """

    num_chains: int
    usual_points: int
    on_change: Callable[[Points], None] = lambda _: None
    done: int = 0
    _planned: dict[str, int] = field(default_factory=dict)
    _begun: dict[str, tuple[str, float]] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _side_by_side: int = 1
    _made: int = 0
    _took_s: float = 0.0

    def begins(self, chain: str, what: str) -> None:
        """Count a point as begun."""
        self._begun[chain] = what, time.monotonic()
        self._side_by_side = max(self._side_by_side, len(self._begun))
        self.on_change(self)

    def planned(self, chain: str) -> None:
        """Count a point as done; one that was not begun was there before."""
        self.done += 1
        self._planned[chain] = self._planned.get(chain, 0) + 1
        _, begun_at = self._begun.pop(chain, ("", None))
        if begun_at is not None:
            self._made += 1
            self._took_s += time.monotonic() - begun_at
        self.on_change(self)

    def ended(self, chain: str) -> None:
        """Expect no more points of a chain."""
        self._ended.add(chain)
        self.on_change(self)

    @property
    def to_come(self) -> int:
        """How many points are likely to come."""
        open_ones = [n for chain, n in self._planned.items() if chain not in self._ended]
        not_begun = self.num_chains - len(self._planned.keys() | self._ended)
        return not_begun * self.usual_points + sum(max(1, self.usual_points - n) for n in open_ones)

    @property
    def what(self) -> str:
        """What is planned now, the last of several in words."""
        if self._begun:
            return f"planning {list(self._begun.values())[-1][0]}"
        return "measuring" if self.done and self.to_come else ""

    def left_s(self) -> float | None:
        """Return how long the points to come are likely to take; None as long as none was made.

        As many are made side by side as were until now, as long as there are so many chains.
        """
        if not self._made:
            return None
        each_s = self._took_s / self._made
        now = time.monotonic()
        spent_s = sum(min(each_s, now - begun_at) for _, begun_at in self._begun.values())
        open_chains = self.num_chains - len(self._ended)
        return (self.to_come * each_s - spent_s) / max(1, min(self._side_by_side, open_chains))


@contextmanager
def point_progress(
    folder: Path | None, num_chains: int, usual_points: int, *, enabled: bool
) -> Iterator[Points]:
    """Show progress on stderr while the block runs, if that is a terminal.

    If it is interrupted, a message says what is kept.

    Parameters
    ----------
    folder
        Where points are kept; None: nowhere.
    num_chains, usual_points
        See `Points`.
    enabled
        Whether to show anything at all.
    """
    points = Points(num_chains, usual_points)
    console = progress_console(enabled=enabled)
    progress = None if console is None else _display(points, console)
    try:
        if progress is not None:
            progress.start()
        yield points
    except KeyboardInterrupt:
        if folder is not None and points.done:
            kept = f"{points.done} points are kept in {folder}"
            print_message(f"alpaplan: {kept}; run again to go on")
        raise
    finally:
        if progress is not None:
            progress.stop()


def _display(points: Points, console: Console) -> Progress:
    """Return what shows points whenever they change."""
    from rich.progress import Progress

    from alpaplan.cli.progress_columns import bar_with_times, description, text_column

    number = text_column("{task.completed} of about {task.total} points")
    progress = Progress(*bar_with_times(number), description(), console=console, transient=True)
    task = progress.add_task("", total=points.to_come, ends_at=math.inf)

    def show(points: Points) -> None:
        left_s = points.left_s()
        progress.update(
            task,
            completed=points.done,
            total=points.done + points.to_come,
            description=printable(points.what),
            ends_at=math.inf if left_s is None else time.monotonic() + left_s,
        )

    points.on_change = show
    return progress
