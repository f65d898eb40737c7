"""Rows of traces as CSV text, thousands at once, since one by one takes five times as long."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

Tokens = tuple[NDArray[np.integer], NDArray[np.integer]] | None
"""Input and output tokens of requests, 0 where nothing is known of them; None of none."""

END = "\n"
"""Ends a row."""

NUM_ROWS = 1 << 12
"""Rows that become text in one go (a count): what they take stays in the processor's cache, where
half as many more are written per second than of 65,536 in one go."""

_NUM_COUNTS = 1 << 14
"""Token counts below it have their texts in a table: nearly all of them."""

_SHORT_S = 1e-4
"""Python writes times below it (seconds) with an exponent, JSON in full."""


class TraceRows:
    """Turns requests into rows.

    Parameters
    ----------
    model_names
        Names of the models.
    has_tokens
        Whether rows have columns of token counts.
    """

    def __init__(self, model_names: Sequence[str], *, has_tokens: bool) -> None:
        behind = "," if has_tokens else END
        self._middles = np.array([f",{_as_field(name)}{behind}" for name in model_names], object)
        known = range(1, _NUM_COUNTS) if has_tokens else ()
        self._counts = np.array(["", *map(str, known)], object)

    def text(self, arrival_s: NDArray[np.float64], model: NDArray[Any], tokens: Tokens) -> str:
        """Return the rows of some requests.

        Parameters
        ----------
        arrival_s : float64[n]
            Their times, finite and from 0 to 1e16, which are written as `repr` does.
        model : int[n]
            Indices of their models.
        tokens : int[n], int[n]
            Their token counts, from 0; None without `has_tokens`.
        """
        row = ["", ""] if tokens is None else ["", "", "", ",", "", END]
        cells = row * arrival_s.size
        cells[0 :: len(row)] = _times(arrival_s)
        cells[1 :: len(row)] = self._middles[model].tolist()
        if tokens is not None:
            for column, counts in zip((2, 4), tokens, strict=True):
                cells[column :: len(row)] = self._count_texts(counts)
        return "".join(cells)

    def _count_texts(self, counts: NDArray[np.integer]) -> list[str]:
        """Return token counts as they are written, nothing for 0."""
        texts: list[str] = self._counts[np.minimum(counts, _NUM_COUNTS - 1)].tolist()
        for row in np.flatnonzero(counts >= _NUM_COUNTS).tolist():
            texts[row] = str(counts[row])
        return texts


def _times(times_s: NDArray[np.float64]) -> list[str]:
    """Return times as `repr` writes them: JSON has the same digits, and is written much faster."""
    if not times_s.size:
        return []
    texts = to_json(times_s.tolist()).decode()[1:-1].split(",")
    for row in np.flatnonzero(times_s < _SHORT_S).tolist():
        texts[row] = repr(float(times_s[row]))
    return texts


def _as_field(name: str) -> str:
    """Return a model's name as CSV writes it."""
    stream = io.StringIO(newline="")
    # A field before it, since a row of one empty field would be quoted; and both characters that
    # end lines, since others are not quoted before Python 3.13.
    csv.writer(stream, lineterminator="\r\n").writerow(["", name])
    return stream.getvalue()[1:-2]
