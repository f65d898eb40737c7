"""AlpaServe's replica ILP: replicas that give the worst-off model the most spare throughput.

The formulation is that of ``SelectiveReplicationILP`` in AlpaServe's artifact
(github.com/alpa-projects/mms, ``alpa_serve/placement_policy/selective_replication.py``). A model's
*burst tolerance* is the throughput of all its replicas over its rate. Binary variables say which
group holds which model, within the memory of each group. The objective is the smallest tolerance of
any model plus a small part of the sum of all. Nothing is simulated, and no group's load is bounded.
AlpaServe solves it for single devices; here it is also solved for the best equal groups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.caps import busy_slowest_stage_s
from alpaplan.problem.memory_rule import linear_memory_bytes, share_of_group_memory
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate
from alpaplan.search.integer_program import IntegerProgram
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import GroupPartition, uniform_partitions
from alpaplan.search.proposals.demand import measure_demand
from alpaplan.search.search import Search
from alpaplan.search.selection.quick import select_quickly
from alpaplan.search.selection.replicas import ReplicaSelection

SUM_SHARE = 1e-4
"""Weight of the sum of tolerances beside the smallest one, as AlpaServe has it."""

TOLERANCE_UNITS = 100
"""Units in a tolerance of 1 (a count), as CP-SAT's numbers are integers."""

LARGEST_TOLERANCE = 100.0
"""Largest tolerance that one replica counts for (a number; 10 to 1,000; AlpaServe has no limit).
Otherwise models with hardly any requests dominate the sum, and take all memory."""

ILP_PARTITIONS = 2
"""Partitions that are solved beside single devices, the best of quick selection (a count; 1 to
all)."""

SOLVE_LIMIT = 1.0
"""Deterministic seconds of one solve (1 to 30; AlpaServe gives its solver 30 s)."""

MAX_VARIABLES = 50_000
"""Most replica variables of a program that is solved (a count; 10,000 to 200,000): of larger ones
CP-SAT only returns the hint that it starts from."""


def ilp(search: Search) -> list[Candidate]:
    """Solve AlpaServe's replica ILP on single devices and on the best partitions."""
    problem = search.problem
    partitions = uniform_partitions(problem)
    found = search.map_attempts(select_quickly, partitions, 0.5)
    ranked = sorted(
        zip(partitions, found, strict=True), key=lambda pair: pair[1].score, reverse=True
    )
    singles = [part for part in partitions if _all_single(problem, part)]
    best = [part for part, _ in ranked if part not in singles]
    return search.map_attempts(solve_replicas, [*singles, *best[:ILP_PARTITIONS]])


ILP = Method(ilp)


def solve_replicas(attempt: Attempt, partition: GroupPartition) -> Candidate:
    """Solve the ILP for given groups, and simulate the placement once.

    The program starts from AlpaServe's greedy solution of the same problem, which is also the
    answer if it is too large (`MAX_VARIABLES`).
    """
    problem = attempt.problem
    tolerance = _tolerance(attempt, partition)
    greedy = _least_tolerant_first(problem, partition, tolerance)
    replicas = greedy.replicas
    held = ReplicaSelection(problem, partition.shapes).replicas
    if replicas.size <= MAX_VARIABLES:
        replicas = _solve(problem, partition, tolerance, replicas, held)
    selection = ReplicaSelection(problem, partition.shapes)
    # The program takes the largest activation of all models, so nothing is left out here.
    for group, model in np.argwhere(replicas).tolist():
        if selection.addable[group, model]:
            selection.add(group, model)
    only = attempt.evaluate(selection.placement())
    return Candidate.of("ilp", partition.label, only, attempt.used.num_evaluations)


def _tolerance(attempt: Attempt, partition: GroupPartition) -> NDArray[np.float64]:
    """Return throughput over rate of every possible replica, ``float64[G, M]``."""
    problem = attempt.problem
    rate_rps = measure_demand(problem, attempt.space.traffic).rate_rps
    slowest_s = busy_slowest_stage_s(problem)[list(partition.shapes)]
    work = slowest_s[:, problem.profile_of_model] * rate_rps
    tolerance: NDArray[np.float64] = 1 / np.maximum(work, 1 / LARGEST_TOLERANCE)
    return tolerance


def _least_tolerant_first(
    problem: PlacementProblem, partition: GroupPartition, tolerance: NDArray[np.float64]
) -> ReplicaSelection:
    """Add replicas one by one: of the least tolerant model, onto the emptiest group."""
    selection = ReplicaSelection(problem, partition.shapes)
    reached = np.zeros(problem.num_models)
    held = np.zeros(len(partition.shapes))
    part = share_of_group_memory(problem)[list(partition.shapes)][:, problem.profile_of_model]
    while True:
        wanted = selection.addable.any(axis=0)
        if not wanted.any():
            return selection
        model = int(np.argmin(np.where(wanted, reached, np.inf)))
        group = int(np.argmin(np.where(selection.addable[:, model], held, np.inf)))
        selection.add(group, model)
        reached[model] += tolerance[group, model]
        held[group] += part[group, model]


def _solve(
    problem: PlacementProblem,
    partition: GroupPartition,
    tolerance: NDArray[np.float64],
    start: NDArray[np.bool_],
    held: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Solve the program from a start, and return which group holds which model.

    Required replicas, `held`, are part of every solution.
    """
    program = IntegerProgram()
    allowed = ReplicaSelection(problem, partition.shapes).addable | held
    group_of, model_of = np.nonzero(allowed)
    replica = program.add_booleans(group_of.size)
    required = replica[held[allowed]]
    if required.size:
        program.constrain(required, -1, -required.size)
    worth = np.rint(tolerance[allowed] * TOLERANCE_UNITS).astype(np.int64)
    most = int(np.bincount(model_of, worth, problem.num_models).max(initial=0.0))
    smallest = program.add_integer(0, most)
    for group, shape in enumerate(partition.shapes):
        own = np.flatnonzero(group_of == group)
        profiles = problem.profile_of_model[model_of[own]]
        weights, limits = linear_memory_bytes(problem, shape, profiles)
        for stage in range(problem.shapes[shape].inter_op):
            program.constrain(replica[own], weights[:, stage], int(limits[stage]))
    reached = np.zeros(problem.num_models, dtype=np.int64)
    for model in np.flatnonzero(allowed.any(axis=0)):
        own = np.flatnonzero(model_of == model)
        program.constrain([smallest, *replica[own].tolist()], [1, *(-worth[own]).tolist()], 0)
        reached[model] = worth[own] @ start[allowed][own]
    program.maximize([smallest, *replica.tolist()], [round(1 / SUM_SHARE), *worth.tolist()])
    first = int(reached[allowed.any(axis=0)].min(initial=most))
    program.hint(np.append(start[allowed].astype(np.int64), first))
    solution = program.solve(SOLVE_LIMIT)
    if solution is None:
        return start
    replicas = np.zeros_like(allowed)
    replicas[allowed] = solution[replica] > 0
    return replicas


def _all_single(problem: PlacementProblem, partition: GroupPartition) -> bool:
    return all(problem.shapes[h].num_devices == 1 for h in partition.shapes)
