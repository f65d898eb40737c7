"""The arrays that the kernels of schedules work with, beside those of batching."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.batched_arrays import Loop


class Listed(NamedTuple):
    """Which replicas each of `P` placements of `M` models lists, and which come and go.

    Parameters
    ----------
    first_candidate : uint32[P * M + 1]
        First candidate of each model in each placement, and the number of all.
    candidate : uint32[C]
        Replicas that requests may be sent to, by placement, model and then group in plan order.
    first_removed, removed : uint32[P + 1], uint32[...]
        Replicas that each placement no longer has; those of groups that end included.
    first_added, added : uint32[P + 1], uint32[...]
        Replicas that are new in each placement.
    first_earlier, earlier : uint32[G + 1], uint32[...]
        For each group those that ended before it began and had some of its devices.
    """

    first_candidate: NDArray[np.uint32]
    candidate: NDArray[np.uint32]
    first_removed: NDArray[np.uint32]
    removed: NDArray[np.uint32]
    first_added: NDArray[np.uint32]
    added: NDArray[np.uint32]
    first_earlier: NDArray[np.uint32]
    earlier: NDArray[np.uint32]


class Changes(NamedTuple):
    """What changes from each of `P` placements to the next, and how long that takes.

    Parameters
    ----------
    start_s : float64[P]
        When each placement begins.
    listed
        Which replicas each has.
    load_s : float64[R * num_stages]
        How long each stage of each replica takes to load.
    overhead_s
        Added each time a group begins to load.
    """

    start_s: NDArray[np.float64]
    listed: Listed
    load_s: NDArray[np.float64]
    overhead_s: float


class Loads(NamedTuple):
    """What is loaded, and what loading waits for. Changed.

    Parameters
    ----------
    ready_s : float64[R]
        When each replica is ready: minus infinity for those of the first placement, infinite as
        long as its load has not begun.
    is_gone : uint8[R]
        Whether it was taken off, or its group has ended.
    end_s : float64[R]
        When the last stage of its last batch that has started ends.
    next_row, end_row : uint32[G], uint32[G]
        Of each group, whose replicas are in the order in which they load: the first whose load has
        not begun, and the one behind the last that it was told to load.
    told_s : float64[G]
        When it was told so.
    free_s : float64[G]
        When requests of replicas that were taken off it have ended, but for those below.
    first_gone, num_gone, gone : uint32[G], uint32[G], uint32[R]
        Replicas that were taken off it whose requests still wait.
    stage_end_s : float64[G * num_stages]
        When each of its stages has loaded all that began to load.
    """

    ready_s: NDArray[np.float64]
    is_gone: NDArray[np.uint8]
    end_s: NDArray[np.float64]
    next_row: NDArray[np.uint32]
    end_row: NDArray[np.uint32]
    told_s: NDArray[np.float64]
    free_s: NDArray[np.float64]
    first_gone: NDArray[np.uint32]
    num_gone: NDArray[np.uint32]
    gone: NDArray[np.uint32]
    stage_end_s: NDArray[np.float64]


class ScheduleLoop(NamedTuple):
    """All that a loop works with; the groups of `serving` are those of all placements.

    Replicas are sorted by group, and there in the order in which they load.
    """

    serving: Loop
    changes: Changes
    loads: Loads
