"""What every table holds, whatever the width."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

from alpaplan.report.layout import LONGEST_WHOLE
from alpaplan.report.tables import Table

LEFT_OUT = "not shown at this width: "


def assert_holds(table: Table, lines: Sequence[str], width: int) -> None:
    """Hold that no line is too wide, and that no number and no word of a header is broken.

    Parameters
    ----------
    table
        What was drawn.
    lines
        The drawn lines: of the table, and maybe of others.
    width
        The columns that there were.
    """
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    left_out = {
        header for note in re.findall(rf"{LEFT_OUT}(.*)", text) for header in note.split(", ")
    }
    shown = [header for header in table.headers if header not in left_out]
    for word in " ".join(shown).split():
        # Plans are named by paths, which may be too long for that.
        if len(word) <= LONGEST_WHOLE[-1]:
            assert _stands_alone(word, text), f"{word} is broken in\n{text}"
    for header, is_number, *cells in zip(table.headers, table.is_number, *table.rows, strict=True):
        for cell in cells if is_number and header in shown else ():
            assert _stands_alone(cell, text), f"{cell} is broken in\n{text}"


def _stands_alone(cell: str, text: str) -> bool:
    return re.search(rf"(?<!\S){re.escape(cell)}(?!\S)", text) is not None
