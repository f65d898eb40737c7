"""What a line of live progress is made of on a terminal: texts, a bar and times."""

from __future__ import annotations

import math
import time

from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text


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
