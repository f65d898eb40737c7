"""What the loops of the local improvement read and write.

Axes are those of `alpaplan.problem.problem.PlacementProblem`: ``H`` group shapes, ``P`` profiles,
``S`` stages, ``M`` models; ``G`` is the most groups that there can be. Tables are one-dimensional,
the last axis first: entry ``(h, p, s)`` of a table by shape, profile and stage is at
``(h * P + p) * S + s``. What is true is 1 in arrays of bytes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from alpaplan.simulator.kernels.compiling import Entries, InputEntries

MOST_GROUPS = 2
"""Groups that a change takes away at most, and that it brings at most."""


class Options(NamedTuple):
    """What changes may choose from: the same all through a search.

    Parameters
    ----------
    num_models, num_profiles, num_stages
        ``M``, ``P`` and ``S``.
    profile : int64[M]
        Profile of each model.
    slo_s : float64[M]
        Latency objective of each model.
    servable : uint8[H * M]
        Whether a replica of the model on such a group could attain a request.
    pool, num_devices : int64[H]
        Of each shape.
    first_of_size : int64[pools * (D + 1) + 1]
        Where the shapes of ``n`` devices of a pool begin in `of_size`: entry
        ``pool * (D + 1) + n``, where ``D`` is the most devices of any shape.
    of_size : int64[H]
        Useful shapes by pool and number of devices.
    most_devices
        ``D``.
    usable_bytes : int64[H]
        What each device of such a group has for its replicas.
    kept_bytes, in_turn_bytes, cache_bytes : int64[H * P * S]
        What a replica holds on each device of a stage all the time, while it runs, and at least for
        its KV cache; see `alpaplan.problem.memory_rule.stage_memory_bytes`.
    is_llm : uint8[P]
        Whether a profile is of LLMs, which share no group with others.
    share : float64[8]
        How often each change is tried: sums of shares up to it, in the order of
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
        Whether a group holds a replica of the model.
    """

    num_groups: Entries[np.int64]
    shape: Entries[np.int64]
    held: Entries[np.uint8]


class Draws(NamedTuple):
    """Random numbers.

    Parameters
    ----------
    num_values
        How many there are.
    value : float64[num_values]
        Each from 0 up to, but not including, 1.
    used : int64[1]
        How many of them were used.
    """

    num_values: int
    value: Entries[np.float64]
    used: Entries[np.int64]


class Change(NamedTuple):
    """A change: some groups go, and others come in the place of the first of them.

    Parameters
    ----------
    counts : int64[3]
        Groups that go, groups that come, and the number of the kind of change.
    removed, shape : int64[2], int64[2]
        The groups that go, and the shapes of those that come.
    held : uint8[2 * M]
        What those hold that come.
    bytes : int64[2 * 3 * S]
        What is held on each of these: all the time, while running, for the largest cache.
    num_held : int64[2]
        How many replicas these are.
    first_profile : int64[2]
        Profile of the first replica of each.
    order : int64[2 * M]
        Room for models in some order.
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
