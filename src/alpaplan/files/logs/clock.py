"""Times of a log: numbers of seconds, or dates with times of day."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.files.csv_columns import MAX_TIME_S, floats, number_column, second_column
from alpaplan.files.csv_table import Chunk
from alpaplan.files.logs.registry import TIME_UNITS
from alpaplan.units import format_value

_DATE = re.compile(
    r"(?P<date>(?:19|20)\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
)
"""A date and time as in ISO 8601 and RFC 3339, in years that are no more nanoseconds apart than 64
bits can say."""

_WITHOUT_DIGITS = {ord(digit): None for digit in "0123456789"}

_NANOSECONDS = 10**9

_MIN_EPOCH_S = 1e9
"""Number from which on seconds are taken to be since 1970 (in 2001): else a log of 31 years."""


class Clock:
    """Reads the times of all files of a log, which are all numbers or all dates.

    Dates, and numbers that count from 1970, are moments: they become seconds since the first that
    was read, exact to a nanosecond where they are written so; which of them is the earliest is
    known only in the end. Other numbers stay as they are, in seconds.

    Parameters
    ----------
    unit
        Name in `TIME_UNITS` of what numbers count; None for seconds, or for what the first of them
        says if it can only be since 1970.
    """

    def __init__(self, unit: str | None = None) -> None:
        self._unit = unit
        self._read: Callable[[Chunk, int], NDArray[np.float64]] | None = None
        self._reference_ns: int | None = None

    @property
    def reads_moments(self) -> bool:
        """Whether times are moments, so that the earliest one is where the log begins."""
        return self._reference_ns is not None

    def moment(self, time_s: float) -> str:
        """Return what time of the world a time of the log is, to a second."""
        moment_ns = (self._reference_ns or 0) + round(time_s * _NANOSECONDS)
        return str(np.datetime64(moment_ns // _NANOSECONDS, "s")).replace("T", " ") + " UTC"

    def read(self, chunk: Chunk, column: int) -> NDArray[np.float64]:
        """Read a column of times; texts that are not times become issues and NaN.

        Returns
        -------
        float64[num_rows]
            Seconds.
        """
        if self._read is None:
            self._read = self._reader(chunk.column(column))
        return self._read(chunk, column)

    def _reader(self, texts: Sequence[str]) -> Callable[[Chunk, int], NDArray[np.float64]]:
        """Choose how to read by the first text, or the first that is a time at all."""
        for text in texts:
            if self._unit is None and _nanoseconds([text]) is not None:
                return self._dates
            if (first := floats([text])) is not None:
                unit = self._unit or _unit_of_epoch(float(first[0]))
                per_s = TIME_UNITS[unit or "s"]
                if first[0] / per_s >= _MIN_EPOCH_S:
                    # Whole, so that differences from it are exact.
                    reference = int(float(first[0]))
                    self._reference_ns = reference * (_NANOSECONDS // per_s)
                    return lambda chunk, column: _since(chunk, column, reference, per_s)
                if per_s > 1:
                    return lambda chunk, column: _since(chunk, column, 0, per_s)
                return second_column
        return second_column

    def _dates(self, chunk: Chunk, column: int) -> NDArray[np.float64]:
        moments_ns = _nanoseconds(chunk.column(column))
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


def _unit_of_epoch(value: float) -> str | None:
    """Return the unit in which a number since 1970 is from 2001 on; None for a small number."""
    return next(
        (unit for unit, per_s in TIME_UNITS.items() if _MIN_EPOCH_S <= value / per_s <= MAX_TIME_S),
        None,
    )


def _since(chunk: Chunk, column: int, reference: int, per_s: int) -> NDArray[np.float64]:
    """Read numbers of a unit as seconds since a reference, exactly if they are whole."""
    texts = chunk.column(column)
    lowest = _MIN_EPOCH_S * per_s if reference else -math.inf
    highest = MAX_TIME_S * per_s
    try:
        whole = np.fromiter(map(int, texts), dtype=np.int64, count=len(texts))
        if whole.min() >= lowest and whole.max() <= highest and "_" not in "".join(texts):
            return (whole - reference) / per_s
    except (ValueError, OverflowError):
        pass
    values = number_column(chunk, column, minimum=lowest, maximum=highest)
    # Digits that a double of this size has.
    digits = max(0, 16 - len(str(reference))) if reference else 15
    return np.round(values - reference, digits) / per_s


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
