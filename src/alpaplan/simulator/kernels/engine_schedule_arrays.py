"""What the loop of schedules of LLM engines works on, beside what engines do."""

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
        Which engines each has.
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
    """What is loaded, and what loading waits for. Changed, but for `others_ns`.

    Parameters
    ----------
    ready_ns : int64[R]
        When each engine is ready: before all times for those of the first placement, `NEVER_NS` as
        long as its load has not begun.
    is_gone : uint8[R]
        Whether it was taken off, or its group has ended.
    next_row, end_row : int64[G], int64[G]
        Of each group, whose engines are in the order in which they load: the first whose load has
        not begun, and the one behind the last that it was told to load.
    told_ns : int64[G]
        When it was told so.
    others_ns : int64[G]
        When groups without LLMs that had some of its devices before have nothing left to do.
    free_ns : int64[G]
        When engines that were taken off it have served all, but for those below.
    first_gone, num_gone, gone : int64[G], int64[G], int64[R]
        Engines that were taken off it and have requests.
    stage_end_ns : int64[G * most_stages]
        When each of its stages has loaded all that began to load.
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
