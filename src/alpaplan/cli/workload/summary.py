"""The line that says what is in a trace that was written."""

from __future__ import annotations

from pathlib import Path

from alpaplan.cli.output import print_message, print_text
from alpaplan.files.writing import folder_beside
from alpaplan.units import format_count, format_seconds
from alpaplan.workload.statistics import MIN_DURATION_S


def print_summary(
    output: Path, requests: int, num_models: int, duration_s: float, *, has_tokens: bool
) -> None:
    """Print a line about a trace: on stderr if the trace itself went to a pipe or device."""
    rate = f", {requests / duration_s:.4g} requests/s" if duration_s >= MIN_DURATION_S else ""
    print_line = print_message if folder_beside(output) is None else print_text
    print_line(
        f"{format_count(requests, 'request')} of {format_count(num_models, 'model')} in "
        f"{format_seconds(duration_s)}{rate}{', with token counts' if has_tokens else ''}"
    )
