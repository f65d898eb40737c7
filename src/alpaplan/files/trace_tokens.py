"""What rows of LLMs in a trace have to have: token counts, and times that nanoseconds can say."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from alpaplan.files.csv_table import CsvTable
from alpaplan.files.line_issues import MAX_SHOWN_LINES, LineIssues
from alpaplan.files.places import is_stream
from alpaplan.files.trace_csv import HEADER, TOKENS_HEADER, TraceFile
from alpaplan.specs.lengths import MAX_TOKENS
from alpaplan.units import format_value

MAX_LLM_TIME_S = 4e9
"""Latest time of a request to an LLM (seconds): what is simulated is counted in nanoseconds, of
which 63 bits hold twice as many."""

_FIRST_ROW_LINE = 2


def require_tokens(file: TraceFile, llms: Collection[str]) -> None:
    """Make sure that the rows of LLMs have what engines need.

    Parameters
    ----------
    file
        A trace with its requests in the order of the file's rows.
    llms
        Names of the models that are LLMs.

    Raises
    ------
    InputError
        With what is wrong with its lines, the first `MAX_SHOWN_LINES` of them.
    """
    trace, issues = file.trace, LineIssues(file.path)
    known = set(llms)
    is_llm = np.array([name in known for name in trace.model_names], np.bool_)
    rows = np.flatnonzero(is_llm[trace.model])
    if not rows.size:
        return
    if trace.input_tokens is None or trace.output_tokens is None:
        name = trace.model_names[trace.model[rows[0]]]
        what = f"must begin with {','.join(TOKENS_HEADER)!r}, since {name!r} is an LLM"
        issues.add(1, f"{what}, found {','.join(HEADER)!r}")
    else:
        late = rows[trace.arrival_s[rows] > MAX_LLM_TIME_S]
        for row in late[:MAX_SHOWN_LINES].tolist():
            what = f"must be at most {MAX_LLM_TIME_S:,.0f} in rows of LLMs"
            found = repr(float(trace.arrival_s[row]))
            issues.add(row + _FIRST_ROW_LINE, f"arrival_s: {what}, found {found}")
        issues.add_unshown(late[MAX_SHOWN_LINES:].size)
        for column, counts in enumerate((trace.input_tokens, trace.output_tokens), len(HEADER)):
            unknown = rows[counts[rows] == 0]
            texts = _texts(file, column, unknown[:MAX_SHOWN_LINES].tolist())
            for row, text in texts.items():
                what = f"must be a whole number from 1 to {MAX_TOKENS:,} in rows of LLMs{text}"
                issues.add(row + _FIRST_ROW_LINE, f"{TOKENS_HEADER[column]}: {what}")
            issues.add_unshown(unknown[MAX_SHOWN_LINES:].size)
    issues.raise_any()


def _texts(file: TraceFile, column: int, rows: Iterable[int]) -> dict[int, str]:
    """Return what some rows have in a column; nothing of a pipe, which is read only once."""
    texts = dict.fromkeys(rows, "")
    if not texts or is_stream(file.path):
        return texts
    table = CsvTable(file.path, LineIssues(file.path), skip_blank=False)
    first, last = 0, max(texts)
    for chunk in table.chunks():
        cells = chunk.column(column)
        for row in texts:
            if first <= row < first + len(cells):
                texts[row] = f", found {format_value(cells[row - first] or None)}"
        first += len(cells)
        if first > last:
            break
    return texts
