"""Arrays that the loops of local improvement read and write.

Axes are those of `alpaplan.problem.problem.PlacementProblem`: ``H`` group shapes, ``P`` profiles,
``S`` stages, ``M`` models; ``G`` is the most groups that a placement may have. Tables are flattened
in C order: entry ``(h, p, s)`` of one by shape, profile and stage is at ``(h * P + p) * S + s``. In
arrays of ``uint8``, 1 means true.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from alpaplan.simulator.kernels.compiling import Entries, InputEntries

MOST_GROUPS = 2
"""Most groups that a change removes, and most that it adds (a count)."""


class Options(NamedTuple):
    """What changes may choose from; constant during a search.

    Parameters
    ----------
    num_models, num_profiles, num_stages
        ``M``, ``P`` and ``S``.
    profile : int64[M]
        Profile of each model.
    slo_s : float64[M]
        Latency objective of each model.
    servable : uint8[H * M]
        Whether a replica of the model on a group of the shape could attain a request.
    pool, num_devices : int64[H]
        Pool of each shape, and the devices of such a group.
    first_of_size : int64[pools * (D + 1) + 1]
        Where the shapes of ``n`` devices of a pool begin in `of_size`: entry
        ``pool * (D + 1) + n``, where ``D`` is the most devices of any shape.
    of_size : int64[H]
        Useful shapes by pool and number of devices.
    most_devices
        ``D``.
    usable_bytes : int64[H]
        Memory for replicas on each device of a group of the shape.
    kept_bytes, in_turn_bytes, cache_bytes : int64[H * P * S]
        Memory of a replica on each device of a stage: what it always holds, what it needs while it
        runs, and the least for its KV cache; see
        `alpaplan.problem.memory_rule.stage_memory_bytes`.
    is_llm : uint8[P]
        Whether the profile is that of an LLM. LLMs and other models share no group.
    share : float64[moves]
        Cumulative shares of how often each change is tried, in the order of
        `alpaplan.search.moves.MOVES`.
    """

    num_models: int
    num_profiles: int
    num_stages: int
    profile: InputEntries[np.int64]
    slo_s: InputEntries[np.float64]
    servable: InputEntries[np.uint8]
    pool: InputEntries[np.int64]
    num_devices: InputEntries[np.int64]
    first_of_size: InputEntries[np.int64]
    of_size: InputEntries[np.int64]
    most_devices: int
    usable_bytes: InputEntries[np.int64]
    kept_bytes: InputEntries[np.int64]
    in_turn_bytes: InputEntries[np.int64]
    cache_bytes: InputEntries[np.int64]
    is_llm: InputEntries[np.uint8]
    share: InputEntries[np.float64]


class Groups(NamedTuple):
    """A placement.

    Parameters
    ----------
    num_groups : int64[1]
        How many groups there are.
    shape : int64[G]
        Their shapes, in plan order.
    held : uint8[G * M]
        Whether the group holds a replica of the model.
    """

    num_groups: Entries[np.int64]
    shape: Entries[np.int64]
    held: Entries[np.uint8]


class Draws(NamedTuple):
    """Random numbers that were drawn beforehand, as the loops cannot draw any.

    Parameters
    ----------
    num_values
        How many there are.
    value : float64[num_values]
        Each from 0 up to, but not including, 1.
    used : int64[1]
        How many of them are used up.
    """

    num_values: int
    value: Entries[np.float64]
    used: Entries[np.int64]


class Change(NamedTuple):
    """Some groups of a placement replaced by others, which take the place of the first one removed.

    Parameters
    ----------
    counts : int64[3]
        Numbers of groups that are removed and added, and the kind of change.
    removed, shape : int64[2], int64[2]
        Groups that are removed, and shapes of those that are added.
    held : uint8[2 * M]
        Whether an added group holds a replica of the model.
    bytes : int64[2 * 3 * S]
        Memory in use on each stage of an added group: the sum of what its replicas always hold, the
        most that one needs while it runs, and the largest KV cache.
    num_held : int64[2]
        Replicas on each added group.
    first_profile : int64[2]
        Profile of the first of these.
    order : int64[2 * M]
        Scratch space: a list of models.
    """

    counts: Entries[np.int64]
    removed: Entries[np.int64]
    shape: Entries[np.int64]
    held: Entries[np.uint8]
    bytes: Entries[np.int64]
    num_held: Entries[np.int64]
    first_profile: Entries[np.int64]
    order: Entries[np.int64]


GOING, COMING, KIND = 0, 1, 2
"""Entries of `Change.counts`."""
