"""Columns of a table as arrays: all values at once where they are in order, else one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from alpaplan.files.csv_table import Chunk
from alpaplan.files.line_issues import LineIssues
from alpaplan.printable import is_printable
from alpaplan.units import format_value

MAX_NAMES = 5_000_000
"""Most different names of one log or trace (a count): they are kept in memory."""

MAX_TIME_S = 1e11
"""Latest time (seconds): 3,000 years after 1970. What is more is not in seconds."""

MAX_COUNT = 10**9
"""Largest number of requests in one cell of a log (a count): a larger one is a mistake."""

MAX_TOKENS = 10_000_000
"""Most tokens of a prompt, and of an answer (a count): as many as the longest context of any model.
What is more is no count of tokens."""

_DIGITS = b"0123456789"

_SEPARATOR = "_"
"""Python reads 1_000 as a number; no other reader of a table would."""

_Number = TypeVar("_Number", np.int64, np.float64)


class NameIndex:
    """Names of a log's functions or a trace's models, numbered in order of first appearance."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._index)

    @property
    def names(self) -> tuple[str, ...]:
        """All names so far."""
        return tuple(self._index)

    def numbers(self, names: Sequence[str], issues: LineIssues) -> NDArray[np.int32]:
        """Return the number of each name; new ones get the next numbers.

        Raises
        ------
        InputError
            If there are more than `MAX_NAMES`, with all the issues of their file.
        """
        index = self._index
        found = dict.fromkeys(names)
        for name in found:
            index.setdefault(name, len(index))
        if len(index) > MAX_NAMES:
            what = f"must have at most {MAX_NAMES:,} different names of functions or models"
            raise issues.refusal(None, f"{what}, found more")
        if len(found) == 1:  # as in the trace of one model
            return np.full(len(names), index[names[0]], dtype=np.int32)
        return np.fromiter(map(index.__getitem__, names), dtype=np.int32, count=len(names))


def number_column(
    chunk: Chunk,
    column: int,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    above: float = -math.inf,
    unused: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Read finite numbers within limits; all others are noted as issues.

    Parameters
    ----------
    chunk, column
        Where the numbers are.
    minimum, maximum
        The smallest and the largest number that will do.
    above
        The smallest number that will not do.
    unused : bool[num_rows]
        Rows whose numbers nobody needs, whatever they are; None for none.

    Returns
    -------
    float64[num_rows]
        NaN where there is an issue or nobody needs the number.
    """
    name, issues = chunk.header[column], chunk.issues
    values = float_column(chunk, column)
    if values is not None and ((values >= minimum) & (values <= maximum) & (values > above)).all():
        return values
    texts = chunk.column(column)
    found = np.full(len(texts), np.nan)
    for row, (line, text) in enumerate(zip(chunk.lines, texts, strict=True)):
        value = _float(text)
        if unused is not None and unused[row]:
            continue
        if value is None:
            issues.add(line, f"{name}: must be a number, found {format_value(text)}")
        elif not math.isfinite(value):
            issues.add(line, f"{name}: must be a finite number, found {format_value(text)}")
        elif value < minimum:
            issues.add(line, f"{name}: must be at least {minimum:g}, found {format_value(text)}")
        elif value > maximum:
            issues.add(line, f"{name}: must be at most {maximum:g}, found {format_value(text)}")
        elif value <= above:
            issues.add(line, f"{name}: must be above {above:g}, found {format_value(text)}")
        else:
            found[row] = value
    return found


def second_column(chunk: Chunk, column: int, *, minimum: float = -math.inf) -> NDArray[np.float64]:
    """Read times in seconds, up to `MAX_TIME_S`; see `number_column`."""
    return number_column(chunk, column, minimum=minimum, maximum=MAX_TIME_S)


def name_column(chunk: Chunk, column: int) -> list[str]:
    """Read names, which must not be empty and have no control characters."""
    texts = chunk.column(column)
    wrong = {text for text in set(texts) if not text or not is_printable(text)}
    if wrong:
        for line, text in zip(chunk.lines, texts, strict=True):
            if text in wrong:
                rule = "have no control characters" if text else "not be empty"
                found = format_value(text or None)
                chunk.issues.add(line, f"{chunk.header[column]}: must {rule}, found {found}")
    return texts


def count_columns(chunk: Chunk, first: int) -> NDArray[np.int64]:
    """Read all columns from `first` on as whole numbers from 0 to `MAX_COUNT`.

    Returns
    -------
    int64[num_rows, num_columns]
        0 where there is an issue.
    """
    shape = (len(chunk.lines), len(chunk.header) - first)
    cells = chunk.from_column(first)
    counts = _counts(cells)
    if counts is None:
        lines = np.repeat(np.asarray(chunk.lines), shape[1]).tolist()
        for position, (line, text) in enumerate(zip(lines, cells, strict=True)):
            if _counts([text]) is None:
                what = f"must be a whole number from 0 to {MAX_COUNT:,}"
                column = chunk.header[first + position % shape[1]]
                chunk.issues.add(line, f"{column}: {what}, found {format_value(text)}")
        return np.zeros(shape, dtype=np.int64)
    return counts.reshape(shape)


def known_token_column(chunk: Chunk, column: int) -> NDArray[np.int32]:
    """Read token counts where there are any: whole numbers from 1 to `MAX_TOKENS`.

    Returns
    -------
    int32[num_rows]
        0 where the cell has anything else, such as nothing, since rows of models that are not LLMs
        may have that.
    """
    counts = _from_json(chunk, column, _DIGITS, np.int64)
    if counts is None:
        texts = chunk.column(column)
        counts = _wholes(texts)
    if counts is None:
        counts = np.array([0 if (one := _wholes([text])) is None else one[0] for text in texts])
    is_known = (counts >= 1) & (counts <= MAX_TOKENS)
    return np.where(is_known, counts, 0).astype(np.int32)


def float_column(chunk: Chunk, column: int) -> NDArray[np.float64] | None:
    """Read finite numbers; None if any cell has none."""
    values = _from_json(chunk, column, _DIGITS + b".", np.float64)
    if values is None:
        return floats(chunk.column(column))
    return values if np.isfinite(values).all() else None


def _from_json(
    chunk: Chunk, column: int, letters: bytes, dtype: type[_Number]
) -> NDArray[_Number] | None:
    """Read numbers that are written as JSON writes them, in a quarter of the usual time.

    Returns
    -------
    None if any cell has something else, which may be a number all the same.
    """
    text = chunk.json_column(column, letters)
    if text is None:
        return None
    try:
        return np.fromiter(from_json(text), dtype=dtype, count=len(chunk.lines))
    except (ValueError, OverflowError):
        return None


def floats(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Convert many texts to finite numbers; None if any of them is not one."""
    if _SEPARATOR in "".join(texts):
        return None
    try:
        values = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _float(text: str) -> float | None:
    try:
        return None if _SEPARATOR in text else float(text)
    except ValueError:
        return None


def _counts(texts: Iterable[str]) -> NDArray[np.int64] | None:
    counts = _wholes(list(texts))
    if counts is None or not ((counts >= 0) & (counts <= MAX_COUNT)).all():
        return None
    return counts


def _wholes(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Convert many texts to whole numbers; None if any of them is not one."""
    if _SEPARATOR in "".join(texts):
        return None
    try:
        return np.fromiter(map(int, texts), dtype=np.int64, count=len(texts))
    except (ValueError, OverflowError):
        return None
