"""From sorted records of a log to arrivals: as they are, or drawn window by window.

All times that come out count from the beginning of the part of the log that is taken. They are in
order, and may reach over its ends where windows do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import AlpaplanError
from alpaplan.units import format_seconds
from alpaplan.workload.rescale import (
    Scaling,
    draw_counts,
    draw_laws,
    draw_requests,
    draw_tokens,
    spread_counts,
)
from alpaplan.workload.ticks import Ticks, spread_times

Records = NDArray[np.void]

REQUEST_WINDOW_S = 600.0
"""Window in which the requests of a log are drawn anew (seconds; 60 to 6,000), as by default in
AlpaServe's published code: a CV needs many gaps, and a load should not change much meanwhile."""

LAW_WINDOW_S = 600.0
"""Length of a log's only window of rates (seconds), as in ServeGen's measurements."""


class Arrivals(NamedTuple):
    """Some arrivals of a log.

    Parameters
    ----------
    time_s : float64[num_arrivals]
        Non-decreasing.
    model : int32[num_arrivals]
        Their models.
    tokens : int32[num_arrivals, 2]
        Input and output tokens, 0 where the log has none; None if it has none at all.
    """

    time_s: NDArray[np.float64]
    model: NDArray[np.int32]
    tokens: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class LogSpan:
    """The part of a log that is taken.

    Parameters
    ----------
    begin_s, end_s
        In the log's time; the end is not in it, and may be infinite.
    window_s
        How long a record's window is; 0 if records are single requests.
    last_s
        Where the log itself ends: its last request, or the end of its last window.
    """

    begin_s: float
    end_s: float
    window_s: float = 0.0
    last_s: float = math.inf

    @property
    def duration_s(self) -> float:
        """Length of the part, which ends with the log where no other end is given."""
        return (self.end_s if self.end_s < math.inf else self.last_s) - self.begin_s

    def taken(self, records: Records) -> Records:
        """Return the records that lie in the part, or whose window does in part."""
        time_s = records["time_s"]
        after = time_s >= self.begin_s
        if self.window_s:
            after = time_s > self.begin_s - self.window_s
        inside = after & (time_s < self.end_s)
        return records if inside.all() else records[inside]


def logged_requests(
    records: Iterable[Records], span: LogSpan, model_of: NDArray[np.int32]
) -> Iterator[Arrivals]:
    """Yield the requests of a log as they are."""
    for part in records:
        yield Arrivals(part["time_s"] - span.begin_s, model_of[part["function"]], tokens_of(part))


def tokens_of(records: Records) -> NDArray[np.int32] | None:
    """Return the token counts of requests, int32[num_records, 2]; None if they have none."""
    if "input_tokens" not in (records.dtype.names or ()):
        return None
    return np.stack([records["input_tokens"], records["output_tokens"]], axis=1)


def spread_records(records: Iterable[Records], ticks: Ticks) -> Iterator[Records]:
    """Yield requests spread over the ticks that their times were recorded in, in order again.

    Those behind the last recorded time of a part wait for the next one.
    """
    rng = np.random.default_rng(0)
    waiting: Records | None = None
    for part in records:
        if not part.size:
            continue
        last_s = part["time_s"][-1]
        moved = part.copy()
        moved["time_s"] = spread_times(part["time_s"], ticks.tick_s[part["function"]], rng)
        if waiting is not None:
            moved = np.concatenate([waiting, moved])
        moved = moved[np.argsort(moved["time_s"], kind="stable")]
        ready = int(np.searchsorted(moved["time_s"], last_s))
        yield moved[:ready]
        waiting = moved[ready:]
    if waiting is not None:
        yield waiting


def drawn_requests(
    records: Iterable[Records],
    span: LogSpan,
    model_of: NDArray[np.int32],
    window_s: float,
    scaling: Scaling,
    rng: np.random.Generator,
) -> Iterator[Arrivals]:
    """Yield arrivals of gamma processes that are fitted to each model and window, scaled.

    The windows begin with the part that is taken; what is left over of it behind them is added
    to the last one, or is one of its own if it is at least half as long. Token counts are drawn
    from those of the model's requests in the window.

    Raises
    ------
    AlpaplanError
        If the requests are all at one instant, which has no rate.
    """
    if not span.duration_s > 0:
        raise AlpaplanError("requests must span some time to be scaled, found a single instant")
    num_windows = max(1, math.floor(span.duration_s / window_s + 0.5))

    def window_of(part: Records) -> NDArray[np.float64]:
        index = np.floor((part["time_s"] - span.begin_s) / window_s)
        return np.minimum(index, num_windows - 1.0)

    # Of their own, so that arrivals do not depend on whether the log has token counts.
    tokens_rng = rng.spawn(1)[0]
    for index, part in _windows(records, window_of):
        start_s = index * window_s
        is_last = index == num_windows - 1
        length_s = span.duration_s - start_s if is_last else window_s
        time_s = part["time_s"] - span.begin_s - start_s
        model, tokens = model_of[part["function"]], tokens_of(part)
        drawn_s, owner = draw_requests(time_s, model, length_s, scaling, rng)
        if tokens is not None:
            tokens = draw_tokens(owner, model, tokens, tokens_rng)
        yield Arrivals(drawn_s + start_s, owner, tokens)


def counted_requests(
    records: Iterable[Records],
    span: LogSpan,
    model_of: NDArray[np.int32],
    window_s: float,
    scaling: Scaling,
    rng: np.random.Generator,
) -> Iterator[Arrivals]:
    """Yield arrivals for counts: as many as counted, or drawn from gamma processes, scaled.

    Windows begin with the first count's window in the part that is taken.
    """
    base_s = math.floor(span.begin_s / span.window_s) * span.window_s
    width_s = span.window_s if scaling.keeps_arrivals else window_s
    for index, part in _windows(records, lambda one: np.floor((one["time_s"] - base_s) / width_s)):
        start_s = base_s + index * width_s
        length_s = min(width_s, _whole_windows_end_s(span) - start_s)
        model, count = model_of[part["function"]], part["count"]
        if scaling.keeps_arrivals:
            time_s, owner = spread_counts(model, count, length_s, rng)
        else:
            time_s, owner = draw_counts(model, count, length_s, scaling, rng)
        yield Arrivals(time_s + (start_s - span.begin_s), owner)


def law_requests(
    records: Iterable[Records],
    span: LogSpan,
    model_of: NDArray[np.int32],
    scaling: Scaling,
    rng: np.random.Generator,
) -> Iterator[Arrivals]:
    """Yield arrivals of one process for each record, scaled."""
    for start_s, part in _windows(records, lambda one: one["time_s"]):
        laws = (part["rate_rps"], part["cv"], part["family"])
        time_s, model = draw_laws(model_of[part["function"]], *laws, span.window_s, scaling, rng)
        yield Arrivals(time_s + (start_s - span.begin_s), model)


def law_window_s(stored: Iterable[Records], wanted_s: float | None) -> float:
    """Return the length of windows of rates: the longest that all of their starts are multiples of.

    That is the shortest time between two starts, unless windows are missing or of other lengths.

    Parameters
    ----------
    stored
        All records.
    wanted_s
        What the user says; None if nothing.

    Raises
    ------
    AlpaplanError
        If the windows would overlap.
    """
    starts = window_starts(stored)
    if len(starts) < 2:
        return wanted_s or LAW_WINDOW_S
    steps_s = np.diff(starts)
    shortest_s = float(steps_s.min())
    if wanted_s is not None and wanted_s > shortest_s:
        raise AlpaplanError(
            f"--window must be at most {format_seconds(shortest_s)}, the shortest time between two "
            f"windows of the log, found {format_seconds(wanted_s)}"
        )
    if wanted_s is not None:
        return wanted_s
    steps = np.rint(steps_s * 1000).astype(np.int64)
    whole = bool((np.abs(steps_s * 1000 - steps) < 1e-3).all())
    return float(np.gcd.reduce(steps)) / 1000 if whole else shortest_s


def window_starts(stored: Iterable[Records]) -> list[float]:
    """Return where the windows of rates begin, in order."""
    return sorted({start for part in stored for start in np.unique(part["time_s"]).tolist()})


def _whole_windows_end_s(span: LogSpan) -> float:
    """Return where the window that the part ends in ends, or the log if that is earlier."""
    if span.end_s == math.inf:
        return span.last_s
    return min(math.ceil(span.end_s / span.window_s) * span.window_s, span.last_s)


def _windows(
    records: Iterable[Records], window_of: Callable[[Records], NDArray[np.float64]]
) -> Iterator[tuple[float, Records]]:
    """Yield the records of each window together; `window_of` does not fall along them."""
    pending: list[Records] = []
    present = math.nan
    for part in records:
        window = window_of(part)
        first = 0
        for end in [*(np.flatnonzero(np.diff(window)) + 1).tolist(), part.size]:
            if first == end:
                continue
            if pending and window[first] != present:
                yield present, np.concatenate(pending)
                pending = []
            present = float(window[first])
            pending.append(part[first:end])
            first = end
    if pending:
        yield present, np.concatenate(pending)
