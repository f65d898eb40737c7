"""Dedicated groups: every model has devices of its own, as people place models by hand."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.service import mean_stage_s, pipeline_latency_s
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate
from alpaplan.search.partition import describe_shapes


def select_dedicated(attempt: Attempt, _item: None) -> Candidate:
    """Give every model groups of its own, in proportion to its load, and simulate them once."""
    problem = attempt.problem
    requests = attempt.space.training.trace.requests_per_model().astype(np.float64)
    placement = dedicated_placement(problem, requests)
    only = attempt.evaluate(placement)
    label = describe_shapes(problem, placement.shapes.tolist())
    return Candidate.of("dedicated", label, only, attempt.used.num_evaluations)


def dedicated_placement(problem: PlacementProblem, requests: NDArray[np.float64]) -> Placement:
    """Return groups of one model each: required ones first, then in proportion to load.

    A group has the fewest devices that can serve its model. Every model gets at least one, as long
    as there are devices.

    Parameters
    ----------
    problem
        The problem.
    requests : float64[M]
        Requests for each model. If there are too few devices for all, those with the most load get
        some.
    """
    options = _options(problem)
    busy_s = mean_stage_s(problem)[:, problem.profile_of_model] * requests
    # Models by load per group, the highest first; that of a model without a group is infinite.
    queue = [
        (-np.inf, -float(busy_s[shapes[0], m]), m) for m, shapes in enumerate(options) if shapes
    ]
    heapq.heapify(queue)
    required = problem.required
    least = np.ones(problem.num_models) if required is None else required.least
    groups: list[tuple[int, int]] = []
    while queue:
        _, load_s, model = heapq.heappop(queue)
        shape = _first_that_packs(problem, [h for h, _ in groups], options[model])
        if shape is None:
            continue
        groups.append((shape, model))
        num_groups = sum(m == model for _, m in groups)
        first = -np.inf if num_groups < least[model] else load_s / num_groups
        heapq.heappush(queue, (first, load_s, model))
    groups.sort(key=lambda group: (problem.shapes[group[0]].pool, group[1]))
    replicas = np.zeros((len(groups), problem.num_models), dtype=np.bool_)
    replicas[np.arange(len(groups)), [model for _, model in groups]] = True
    return Placement(np.array([shape for shape, _ in groups], dtype=np.int64), replicas)


def _options(problem: PlacementProblem) -> list[list[int]]:
    """Return the shapes for each model's groups, one for each pool that has any, best first."""
    num_devices = np.array([shape.num_devices for shape in problem.shapes], dtype=np.int64)
    pool = np.array([shape.pool for shape in problem.shapes], dtype=np.int64)
    latency_s = pipeline_latency_s(problem)[:, problem.profile_of_model]
    servable = servable_replicas(problem)
    options = []
    for model in range(problem.num_models):
        best = []
        for index in range(len(problem.pools)):
            usable = np.flatnonzero(servable[:, model] & (pool == index))
            if not usable.size:
                continue
            fewest = int(num_devices[usable].min())
            wanted = usable[num_devices[usable] == fewest]
            best.append(int(wanted[np.argmin(latency_s[wanted, model])]))
        options.append(sorted(best, key=lambda h: (num_devices[h], latency_s[h, model])))
    return options


def _first_that_packs(
    problem: PlacementProblem, placed: list[int], shapes: list[int]
) -> int | None:
    for shape in shapes:
        if assign_devices(problem, [*placed, shape]) is not None:
            return shape
    return None
