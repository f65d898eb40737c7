"""Times of a log: numbers of seconds, or dates with times of day."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import floats, second_column
from alpaplan.files.csv_table import Chunk
from alpaplan.units import format_value

_DATE = re.compile(
    r"(?P<date>(?:19|20)\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
)
"""A date and time as in ISO 8601 and RFC 3339, in years that are no more nanoseconds apart than 64
bits can say."""

_WITHOUT_DIGITS = {ord(digit): None for digit in "0123456789"}

_NANOSECONDS = 10**9


class Clock:
    """Reads the times of all files of a log, which are all numbers or all dates.

    Numbers are seconds, as they are. Dates are seconds since the first date that was read,
    exact to a nanosecond; which of them is the earliest is known only in the end.
    """

    def __init__(self) -> None:
        self._reference_ns: int | None = None
        self._numbers = False

    @property
    def reads_dates(self) -> bool:
        """Whether times are dates, so that the earliest one is where the log begins."""
        return self._reference_ns is not None

    def read(self, chunk: Chunk, column: int) -> NDArray[np.float64]:
        """Read a column of times; texts that are not times become issues and NaN.

        Returns
        -------
        float64[num_rows]
            Seconds.
        """
        texts = chunk.column(column)
        if not self._numbers and self._reference_ns is None:
            self._numbers = floats(texts[:1]) is not None or _nanoseconds(texts[:1]) is None
        if self._numbers:
            return second_column(chunk, column)
        moments_ns = _nanoseconds(texts)
        if moments_ns is None:
            moments_ns = self._one_by_one(chunk, column)
        if self._reference_ns is None:
            self._reference_ns = int(moments_ns[0])
        return (moments_ns - self._reference_ns) / _NANOSECONDS

    def _one_by_one(self, chunk: Chunk, column: int) -> NDArray[np.int64]:
        texts = chunk.column(column)
        found = np.full(len(texts), self._reference_ns or 0, dtype=np.int64)
        for row, (line, text) in enumerate(zip(chunk.lines, texts, strict=True)):
            one = _nanoseconds([text])
            if one is None:
                what = "must be a date like '2023-11-16 18:15:46.68'"
                chunk.issues.add(
                    line, f"{chunk.header[column]}: {what}, found {format_value(text)}"
                )
            else:
                found[row] = one[0]
        return found


def _nanoseconds(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Convert dates to nanoseconds since 1970, UTC by default; None if any text is not a date.

    Dates that are written like the first one are converted together.
    """
    first = _DATE.fullmatch(texts[0])
    if first is None:
        return None
    zone = first["zone"] or ""
    skeleton = texts[0].translate(_WITHOUT_DIGITS)
    alike = (
        set(map(len, texts)) == {len(texts[0])}
        and "".join(texts).translate(_WITHOUT_DIGITS) == skeleton * len(texts)
        and all(text.endswith(zone) for text in texts)
    )
    offset_ns: NDArray[np.int64] | int
    if alike:
        dates = [text[: len(text) - len(zone)] for text in texts] if zone else list(texts)
        offset_ns = _offset_ns(zone)
        if not all("1900" <= edge < "2100" for edge in (min(dates), max(dates))):
            return None
    else:
        matches = [match for match in map(_DATE.fullmatch, texts) if match is not None]
        if len(matches) < len(texts):
            return None
        dates = [match["date"] for match in matches]
        offset_ns = np.array([_offset_ns(match["zone"] or "") for match in matches])
    try:
        moments = np.array(dates).astype("datetime64[ns]").astype(np.int64)
    except ValueError:
        return None
    return moments - offset_ns


def _offset_ns(zone: str) -> int:
    if zone in ("", "Z"):
        return 0
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return sign * (int(digits[:2]) * 60 + int(digits[2:])) * 60 * _NANOSECONDS
