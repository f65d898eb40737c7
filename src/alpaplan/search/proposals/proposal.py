"""Proposed group partitions: each bucket of models gets its own share of devices and shape.

Models with tight objectives must not wait behind slow ones, and each shape suits some models best.
So buckets of consecutive latency classes get groups of their own (AlpaServe, Algorithm 2). Which
buckets there are, and how many groups of which shape each gets, is an exact-cover problem over a
table of queueing estimates, solved by CP-SAT.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import DeviceSpan, assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.search.integer_program import IntegerProgram
from alpaplan.search.partition import GroupPartition, describe_shapes, useful_shapes
from alpaplan.search.proposals.bucket_options import Option, bucket_options
from alpaplan.search.proposals.demand import Demand
from alpaplan.search.proposals.latency_classes import LatencyClasses, latency_classes
from alpaplan.search.proposals.queueing import QueueingEstimate

LOAD_MARGIN = 1.2
"""Load under which partitions are compared, as a multiple of the measured load (a factor; 1 to
1.5). Replicas share bursts less well than the estimate assumes, and where nearly all requests are
attained, partitions differ only under more load."""

SOLVE_LIMIT = 0.5
"""Deterministic seconds of one solve (0.1 to 10); most take less than a tenth."""

VALUE_UNITS = 1_000_000
"""Units in what the best option attains (a count), as CP-SAT's numbers are integers."""


def propose_partitions(
    problem: PlacementProblem, demand: Demand, num_proposals: int
) -> list[GroupPartition]:
    """Propose good and different partitions, the best one under `LOAD_MARGIN` first.

    Each says which models its groups are meant for. No two give the same buckets groups of the same
    shapes, so that searches start from different ones.

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
    under_load = replace(demand, rate_rps=demand.rate_rps * LOAD_MARGIN)
    strained = QueueingEstimate(problem, under_load, classes.part_of_model)
    options = bucket_options(problem, classes, strained)
    proposals: list[GroupPartition] = []
    forbidden: list[list[Option]] = []
    seen: set[tuple[tuple[int, ...], bytes]] = set()
    while len(proposals) < num_proposals:
        chosen = _choose(problem, options, classes.num_parts, forbidden)
        if not chosen:
            break
        forbidden.append(chosen)
        shapes, eligible = _groups(problem, classes, chosen)
        # Buckets that cut one class differently may still give the same groups.
        key = shapes, np.packbits(eligible).tobytes()
        if key not in seen:
            seen.add(key)
            proposals.append(GroupPartition(shapes, describe_shapes(problem, shapes), eligible))
    return proposals


def _choose(
    problem: PlacementProblem, options: list[Option], num_parts: int, forbidden: list[list[Option]]
) -> list[Option]:
    """Choose options that cover every part at most once and attain the most.

    A choice is forbidden if it gives the same buckets the same shapes as an earlier one, whatever
    the numbers of groups. Empty if no other choice is left.
    """
    if not options:
        return []
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
    for choice in forbidden:
        shaped = {_bucket_and_shape(option) for option in choice}
        same = [i for i, option in enumerate(options) if _bucket_and_shape(option) in shaped]
        program.constrain(used[same], 1, len(choice) - 1)
    attained = np.array([option.attained_rps for option in options])
    scale = VALUE_UNITS / float(attained.max())
    program.maximize(used, np.rint(attained * scale).astype(np.int64))
    solution = program.solve(SOLVE_LIMIT)
    return [] if solution is None else [options[i] for i in np.flatnonzero(solution[used])]


def _bucket_and_shape(option: Option) -> tuple[int, int, int]:
    return option.first, option.last, option.shape


def _groups(
    problem: PlacementProblem, classes: LatencyClasses, chosen: list[Option]
) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    """Return the groups of the chosen options, and of the devices that they leave over.

    Returns
    -------
    tuple[int, ...], bool[G, M]
        Shape of each group, by pool, large ones first, and the models that it is meant for.
    """
    servable = servable_replicas(problem)
    groups: list[tuple[int, NDArray[np.bool_]]] = []
    for option in chosen:
        meant = classes.models_of_classes(option.first, option.last) & servable[option.shape]
        groups += [(option.shape, meant)] * option.num_groups
    groups = sorted(groups, key=lambda group: _order(problem, group[0]))
    while (assigned := assign_devices(problem, [h for h, _ in groups])) is None:
        # Odd sizes may pack worse than was counted: give up a smallest group.
        groups.pop(int(np.argmin([problem.shapes[h].num_devices for h, _ in groups])))
    present = {option.shape for option in chosen}
    for span in assigned.unused:
        groups += [(h, servable[h]) for h in _fill(problem, span, present)]
    groups.sort(key=lambda group: _order(problem, group[0]))
    shapes = tuple(h for h, _ in groups)
    eligible = np.array([meant for _, meant in groups], dtype=np.bool_)
    return shapes, eligible


def _fill(problem: PlacementProblem, span: DeviceSpan, present: set[int]) -> list[int]:
    """Return the largest shapes that fill left-over devices, those already present if possible."""
    useful = np.flatnonzero(useful_shapes(problem)).tolist()
    added: list[int] = []
    left = span.count
    while True:
        fitting = [
            (problem.shapes[h].num_devices, h in present, h)
            for h in useful
            if problem.shapes[h].pool == span.pool and problem.shapes[h].num_devices <= left
        ]
        if not fitting:
            return added
        size, _, shape = max(fitting)
        added.append(shape)
        left -= size


def _order(problem: PlacementProblem, shape: int) -> tuple[int, int, int]:
    """Order groups as partitions do: by pool, large ones first."""
    return problem.shapes[shape].pool, -problem.shapes[shape].num_devices, shape
