"""Arrays of the kernels of schedules, beside those of batching."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels.batched_arrays import Loop


class Listed(NamedTuple):
    """Which replicas each of `P` placements of `M` models lists, adds and removes.

    Parameters
    ----------
    first_candidate : uint32[P * M + 1]
        First candidate of each model in each placement, and the number of all.
    candidate : uint32[C]
        Replicas that requests may be sent to, by placement, model and then group in plan order.
    first_removed, removed : uint32[P + 1], uint32[...]
        Replicas that each placement no longer has, including those of groups that end.
    first_added, added : uint32[P + 1], uint32[...]
        Replicas that are new in each placement.
    first_earlier, earlier : uint32[G + 1], uint32[...]
        For each group, the groups that had some of its devices and ended before it began.
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
        Which replicas each placement has.
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
    """What is loaded, and what loads wait for. Changed.

    Parameters
    ----------
    ready_s : float64[R]
        When each replica is ready: minus infinity for those of the first placement, infinity until
        its load begins.
    is_gone : uint8[R]
        Whether a replica was removed, or its group has ended.
    end_s : float64[R]
        When the last stage ends for the replica's last batch that has started.
    next_row, end_row : uint32[G], uint32[G]
        For each group, whose replicas are sorted as they load, the first whose load has not begun,
        and one past the last that is to load so far.
    told_s : float64[G]
        When the last of these were added.
    free_s : float64[G]
        When removed replicas of the group are done, except those in `gone`.
    first_gone, num_gone, gone : uint32[G], uint32[G], uint32[R]
        Removed replicas of each group whose requests still wait.
    stage_end_s : float64[G * num_stages]
        When each stage of the group has completed all loads that have begun.
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
    """All that a loop reads and writes; `serving` has the groups of all placements.

    Replicas are sorted by group, then in the order in which they load.
    """

    serving: Loop
    changes: Changes
    loads: Loads
