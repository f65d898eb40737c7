"""Arrays of the loop of LLM engines in schedules, beside those of engines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.schedule_arrays import Listed


class EngineChanges(NamedTuple):
    """What changes from each of `P` placements to the next, and how long that takes.

    Parameters
    ----------
    start_ns : int64[P]
        When each placement begins.
    listed
        Which engines each placement has.
    load_ns : int64[R * most_stages]
        How long each stage of each engine takes to load.
    overhead_ns
        Added each time a group begins to load.
    """

    start_ns: NDArray[np.int64]
    listed: Listed
    load_ns: NDArray[np.int64]
    overhead_ns: int


class EngineLoads(NamedTuple):
    """What is loaded, and what loads wait for. Changed, except `others_ns`.

    Parameters
    ----------
    ready_ns : int64[R]
        When each engine is ready: `LONG_AGO_NS` for those of the first placement, `NEVER_NS` until
        its load begins.
    is_gone : uint8[R]
        Whether an engine was removed, or its group has ended.
    next_row, end_row : int64[G], int64[G]
        For each group, whose engines are sorted as they load, the first whose load has not begun,
        and one past the last that is to load so far.
    told_ns : int64[G]
        When the last of these were added.
    others_ns : int64[G]
        When groups without LLMs that had some of the group's devices before are done.
    free_ns : int64[G]
        When removed engines of the group are done, except those in `gone`.
    first_gone, num_gone, gone : int64[G], int64[G], int64[R]
        Removed engines of each group that still have requests.
    stage_end_ns : int64[G * most_stages]
        When each stage of the group has completed all loads that have begun.
    """

    ready_ns: NDArray[np.int64]
    is_gone: NDArray[np.uint8]
    next_row: NDArray[np.int64]
    end_row: NDArray[np.int64]
    told_ns: NDArray[np.int64]
    others_ns: NDArray[np.int64]
    free_ns: NDArray[np.int64]
    first_gone: NDArray[np.int64]
    num_gone: NDArray[np.int64]
    gone: NDArray[np.int64]
    stage_end_ns: NDArray[np.int64]
