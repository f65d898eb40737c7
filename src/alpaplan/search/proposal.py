"""Proposed group partitions: each bucket of models gets its own share of devices and shape.

Models that need answers soon must not wait behind slow ones, and every shape has models that it
suits, so buckets of consecutive latency classes get groups of their own (AlpaServe section
4.3, Algorithm 2). Which buckets, and how many groups of which shape for each, is an exact-cover
program over a table of queueing estimates, solved by CP-SAT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import DevicePool, PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.search.demand import Demand
from alpaplan.search.integer_program import IntegerProgram
from alpaplan.search.latency_classes import LatencyClasses, latency_classes
from alpaplan.search.partition import describe_shapes, useful_shapes
from alpaplan.search.queueing import QueueingEstimate

SHAPES_OF_BUCKET = 3
"""Shapes kept for each bucket, pool and number of devices, the best by estimate (a count; 1 to
all of them: more only make the program larger)."""

MAX_BUCKETS = 4
"""A proposal is made for every number of buckets up to this (a count; 2 to 8)."""

SOLVE_LIMIT = 0.5
"""Deterministic seconds of one solve (0.1 to 10); most take less than a tenth."""

VALUE_UNITS = 1_000_000
"""The objective counts in this part of all requests, as CP-SAT's numbers are integers."""

_FINE_COUNTS = 8
"""Numbers of groups up to this are all in the table, then so many for each doubling at most."""


@dataclass(frozen=True)
class Proposal:
    """A group partition, and what each group is meant for.

    Parameters
    ----------
    shapes
        Index of each group's shape, by pool, large groups first.
    eligible : bool[G, M]
        Models that the group is meant for and can serve.
    objective
        Estimated attained requests per second, weighted by model.
    label
        The partition in words.
    """

    shapes: tuple[int, ...]
    eligible: NDArray[np.bool_]
    objective: float
    label: str


@dataclass(frozen=True)
class Option:
    """Groups that could serve a bucket.

    Parameters
    ----------
    first, last
        The bucket's parts of latency classes, both included.
    shape, num_groups
        The groups.
    num_devices
        Devices of the pool that they take, what packing wastes included.
    attained_rps
        Estimate.
    """

    first: int
    last: int
    shape: int
    num_groups: int
    num_devices: int
    attained_rps: float


def propose_partitions(
    problem: PlacementProblem, demand: Demand, num_proposals: int
) -> list[Proposal]:
    """Propose good and different partitions, the best estimate first.

    The best one for each number of buckets up to `MAX_BUCKETS` comes first into the list, then
    the best ones of any number. No two give the same buckets the same shapes.

    Parameters
    ----------
    problem
        The problem.
    demand
        Its measured arrivals.
    num_proposals
        How many at most.
    """
    classes = latency_classes(problem, demand)
    options = bucket_options(problem, demand, classes)
    proposals: list[Proposal] = []
    forbidden: list[list[int]] = []
    seen: set[tuple[tuple[int, ...], bytes]] = set()
    bucket_counts: list[int | None] = [*range(1, min(MAX_BUCKETS, classes.num_parts) + 1)]
    while len(proposals) < num_proposals:
        num_buckets = bucket_counts.pop(0) if bucket_counts else None
        chosen = _choose(problem, options, classes.num_parts, num_buckets, forbidden)
        if chosen:
            forbidden.append(chosen)
            proposal = _as_proposal(problem, classes, [options[i] for i in chosen])
            key = proposal.shapes, np.packbits(proposal.eligible).tobytes()
            if key not in seen:
                seen.add(key)
                proposals.append(proposal)
        elif num_buckets is None:
            break
    return sorted(proposals, key=lambda proposal: -proposal.objective)


def bucket_options(
    problem: PlacementProblem, demand: Demand, classes: LatencyClasses
) -> list[Option]:
    """Return the table: for each bucket and pool, the best shapes for each number of devices.

    An option that a smaller one of its bucket and pool is as good as is left out.
    """
    estimate = QueueingEstimate(problem, demand, classes.part_of_model)
    useful = np.flatnonzero(useful_shapes(problem))
    chain = [_chained_sizes(problem, pool) for pool in range(len(problem.pools))]
    options = []
    for first in range(classes.num_parts):
        for last in range(first, classes.num_parts):
            models = (classes.part_of_model >= first) & (classes.part_of_model <= last)
            found: dict[int, list[Option]] = {}
            for h in map(int, useful):
                shape = problem.shapes[h]
                pool = problem.pools[shape.pool]
                counts = _group_counts(pool, shape.num_devices)
                attained = estimate.attained_rps(h, models, counts)
                for count, value in zip(counts.tolist(), attained.tolist(), strict=True):
                    taken = _devices_taken(pool, chain[shape.pool], shape.num_devices, count)
                    if value > 0 and taken <= pool.num_devices:
                        option = Option(first, last, h, count, taken, value)
                        found.setdefault(shape.pool, []).append(option)
            for of_pool in found.values():
                options += _worthwhile(of_pool)
    return options


def _worthwhile(options: list[Option]) -> list[Option]:
    kept: list[Option] = []
    best_of_fewer = 0.0
    options = sorted(options, key=lambda option: (option.num_devices, -option.attained_rps))
    best_here, num_here, devices_here = 0.0, 0, 0
    for option in options:
        if option.num_devices != devices_here:
            best_of_fewer = max(best_of_fewer, best_here)
            best_here, num_here, devices_here = 0.0, 0, option.num_devices
        if num_here < SHAPES_OF_BUCKET and option.attained_rps > best_of_fewer:
            kept.append(option)
            num_here += 1
            best_here = max(best_here, option.attained_rps)
    return kept


def _group_counts(pool: DevicePool, size: int) -> NDArray[np.int64]:
    """Return numbers of groups: all small ones, `_FINE_COUNTS` for each doubling, and the most."""
    most = pool.num_devices // size
    counts = [*range(1, min(most, _FINE_COUNTS) + 1)]
    step = 1
    while counts[-1] < most:
        counts += [min(most, counts[-1] + step * (i + 1)) for i in range(_FINE_COUNTS)]
        step *= 2
    return np.unique(np.array(counts, dtype=np.int64))


def _chained_sizes(problem: PlacementProblem, pool: int) -> set[int]:
    """Return group sizes of which each divides the next larger one, and the largest the node.

    Any groups of such sizes pack into nodes if their sum does.
    """
    larger = problem.pools[pool].devices_per_node
    chained = set()
    for size in sorted({s.num_devices for s in problem.shapes if s.pool == pool}, reverse=True):
        if size <= larger and larger % size == 0:
            chained.add(size)
            larger = size
    return chained


def _devices_taken(pool: DevicePool, chained: set[int], size: int, count: int) -> int:
    """Return devices that groups take: groups of awkward sizes get nodes of their own."""
    if size in chained or size > pool.devices_per_node:
        return size * count
    on_node = pool.devices_per_node // size
    return -(-count // on_node) * pool.devices_per_node


def _choose(
    problem: PlacementProblem,
    options: list[Option],
    num_parts: int,
    num_buckets: int | None,
    forbidden: list[list[int]],
) -> list[int] | None:
    """Choose options that cover every part once and attain the most; their indices.

    A part may also stay unserved. None if there is no choice but the forbidden ones: those that
    give the same buckets the same shapes, whatever the numbers of groups.
    """
    program = IntegerProgram()
    used = program.add_booleans(len(options))
    unserved = program.add_booleans(num_parts)
    for part in range(num_parts):
        covering = [i for i, o in enumerate(options) if o.first <= part <= o.last]
        program.choose_one([*used[covering].tolist(), int(unserved[part])])
    devices = np.array([option.num_devices for option in options], dtype=np.int64)
    pool_of = np.array([problem.shapes[option.shape].pool for option in options], dtype=np.int64)
    for index, pool in enumerate(problem.pools):
        here = pool_of == index
        program.constrain(used[here], devices[here], pool.num_devices)
    if num_buckets is not None:
        program.constrain_to(used, 1, num_buckets)
    for choice in forbidden:
        shaped = {(options[i].first, options[i].last, options[i].shape) for i in choice}
        same = [i for i, o in enumerate(options) if (o.first, o.last, o.shape) in shaped]
        program.constrain(used[same], 1, len(choice) - 1)
    attained = np.array([option.attained_rps for option in options])
    scale = VALUE_UNITS / max(float(attained.max(initial=0.0)), np.finfo(np.float64).tiny)
    program.maximize(used, np.rint(attained * scale).astype(np.int64))
    solution = program.solve(SOLVE_LIMIT)
    return None if solution is None else np.flatnonzero(solution[used]).tolist()


def _as_proposal(
    problem: PlacementProblem, classes: LatencyClasses, chosen: list[Option]
) -> Proposal:
    """Make the groups, and give left-over devices to the buckets that lack them most."""
    members = [_models_of(classes, option) for option in chosen]
    groups = [(o.shape, b) for b, o in enumerate(chosen) for _ in range(o.num_groups)]
    groups.sort(key=lambda item: (problem.shapes[item[0]].pool, -_size(problem, item[0]), item[0]))
    while assign_devices(problem, [h for h, _ in groups]) is None:
        groups.remove(min(groups, key=lambda item: _size(problem, item[0])))
    groups += _fill(problem, chosen, [h for h, _ in groups])
    groups.sort(key=lambda item: (problem.shapes[item[0]].pool, -_size(problem, item[0]), item[0]))
    shapes = tuple(h for h, _ in groups)
    meant = np.array([members[b] for _, b in groups], dtype=np.bool_)
    eligible = meant & servable_replicas(problem)[np.array(shapes, dtype=np.int64)]
    objective = sum(option.attained_rps for option in chosen)
    return Proposal(shapes, eligible, objective, describe_shapes(problem, shapes))


def _models_of(classes: LatencyClasses, option: Option) -> NDArray[np.bool_]:
    """Return the models of all classes that a bucket has a part of."""
    part = classes.part_of_model
    touched = np.unique(classes.class_of_model[(part >= option.first) & (part <= option.last)])
    return np.isin(classes.class_of_model, touched)


def _fill(
    problem: PlacementProblem, chosen: list[Option], shapes: list[int]
) -> list[tuple[int, int]]:
    """Return (shape, bucket) of groups for the devices that are left over.

    The largest groups that fit, of the shapes that are there already if possible.
    """
    assigned = assign_devices(problem, shapes)
    added = []
    servable = servable_replicas(problem)
    present = {option.shape for option in chosen}
    for span in assigned.unused if assigned is not None else ():
        left = span.count
        while True:
            fitting = [
                (_size(problem, h), h in present, -h)
                for h in np.flatnonzero(servable.any(axis=1)).tolist()
                if problem.shapes[h].pool == span.pool and _size(problem, h) <= left
            ]
            if not fitting:
                break
            size, _, negative = max(fitting)
            added.append((-negative, _neediest(problem, chosen, -negative)))
            left -= size
    return added


def _neediest(problem: PlacementProblem, chosen: list[Option], shape: int) -> int:
    """Return the bucket that has this shape and the most load for each device, else any."""
    return max(
        range(len(chosen)),
        key=lambda b: (
            chosen[b].shape == shape,
            problem.shapes[chosen[b].shape].pool == problem.shapes[shape].pool,
            chosen[b].attained_rps / chosen[b].num_devices,
        ),
    )


def _size(problem: PlacementProblem, shape: int) -> int:
    return problem.shapes[shape].num_devices
