"""Evaluates changed placements: only what the change can influence is simulated again.

Groups that share no model, directly or through other groups, do not influence each other. So a
change affects only the models that the changed groups hold, before or after it, and the models that
are linked to these by shared groups.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.work import requests_work
from alpaplan.simulator import Evaluation, Simulator

Number = TypeVar("Number", np.int64, np.float64)

MAX_CACHED_TRACES = 32
"""Simulators of some models' requests that are kept (a count; 8 to 128: each holds its requests).
Changes affect the same sets of models again and again."""

MAX_REMEMBERED_BYTES = 16_000_000
"""Memory for evaluations that are kept (bytes; 1 to 100 MB). In a small problem, a walk returns to
the same placements over and over; in a large one it hardly ever does."""

WHOLE_TRACE = 0.7
"""Part of the requests above which all of them are simulated (a fraction; 0.5 to 1): selecting
requests from a trace costs about a fifth of simulating it."""


@dataclass(frozen=True)
class Change:
    """Some groups of a placement replaced by others.

    Parameters
    ----------
    removed
        Indices of the groups that are removed, at least one.
    added
        Groups that take the place of the first of these.
    """

    removed: tuple[int, ...]
    added: Placement

    def applied_to(self, placement: Placement) -> Placement:
        """Return the changed placement."""
        kept = np.ones(placement.num_groups, dtype=np.bool_)
        kept[list(self.removed)] = False
        place = min(self.removed)
        before, after = kept.copy(), kept.copy()
        before[place:] = False
        after[:place] = False
        return Placement.joined([placement.take(before), self.added, placement.take(after)])


class IncrementalEvaluator:
    """Evaluates placements that differ little from one whose evaluation is known.

    Not safe for use by several threads at a time.

    Parameters
    ----------
    problem
        The problem.
    simulator
        Simulator of all arrivals.
    """

    def __init__(self, problem: PlacementProblem, simulator: Simulator) -> None:
        self._problem = problem
        self._simulator = simulator
        self._requests = simulator.trace.requests_per_model()
        self._parts: OrderedDict[bytes, Simulator] = OrderedDict()
        self._remembered: OrderedDict[bytes, Evaluation] = OrderedDict()

    def evaluate(
        self, before: Placement, known: Evaluation, change: Change, after: Placement
    ) -> tuple[Evaluation, int]:
        """Return the evaluation of a changed placement, and the work of its simulation.

        The work is 0 if the same placement was evaluated recently.

        Parameters
        ----------
        before, known
            A placement and its evaluation.
        change, after
            What changes, and the placement then: ``change.applied_to(before)``.
        """
        key = after.key()
        remembered = self._remembered.pop(key, None)
        work = 0
        if remembered is None:
            remembered, work = self._simulate(before, known, change, after)
            # More than an evaluation has: three arrays of 8-byte numbers by model, three by group.
            size = len(key) + 56 * (self._problem.num_models + after.num_groups)
            if self._remembered and len(self._remembered) >= MAX_REMEMBERED_BYTES // size:
                self._remembered.popitem(last=False)
        self._remembered[key] = remembered
        return remembered, work

    def _simulate(
        self, before: Placement, known: Evaluation, change: Change, after: Placement
    ) -> tuple[Evaluation, int]:
        models = _influenced_models(before, change)
        num_requests = int(self._requests[models].sum())
        total = self._simulator.trace.num_requests
        if num_requests >= WHOLE_TRACE * total:
            whole = self._simulator.evaluate(after)
            return whole, requests_work(self._problem, after, whole)
        groups = np.flatnonzero((after.replicas & models).any(axis=1))
        part = after.take(groups)
        result = self._simulator_of(models).evaluate(part)
        merged = _merge(before, known, change, after, models, groups, result)
        return merged, requests_work(self._problem, part, result)

    def _simulator_of(self, models: NDArray[np.bool_]) -> Simulator:
        key = np.packbits(models).tobytes()
        found = self._parts.pop(key, None)
        if found is None:
            trace = self._simulator.trace
            found = Simulator(self._problem, trace.take(models[trace.model]))
            if len(self._parts) == MAX_CACHED_TRACES:
                self._parts.popitem(last=False)
        self._parts[key] = found
        return found


def _influenced_models(before: Placement, change: Change) -> NDArray[np.bool_]:
    """Return the models whose requests may fare differently after the change, ``bool[M]``."""
    models: NDArray[np.bool_] = np.asarray(change.added.replicas.any(axis=0))
    models = models | before.replicas[list(change.removed)].any(axis=0)
    while True:
        linked = (before.replicas & models).any(axis=1)
        wider = np.asarray(models | before.replicas[linked].any(axis=0))
        if (wider == models).all():
            return models
        models = wider


def _merge(
    before: Placement,
    known: Evaluation,
    change: Change,
    after: Placement,
    models: NDArray[np.bool_],
    groups: NDArray[np.int64],
    part: Evaluation,
) -> Evaluation:
    """Merge what was simulated again into what is known of the rest.

    Parameters
    ----------
    before, known, change, after
        See `IncrementalEvaluator.evaluate`.
    models : bool[M]
        Models that were simulated again.
    groups : int64[...]
        Indices in `after` of the groups that were simulated again.
    part
        The evaluation of these groups.
    """
    kept = np.ones(before.num_groups, dtype=np.bool_)
    kept[list(change.removed)] = False
    place = min(change.removed)
    old = np.flatnonzero(kept)
    num_first = int(np.count_nonzero(kept[:place]))
    new_position = np.concatenate(
        [np.arange(num_first), np.arange(num_first, old.size) + change.added.num_groups]
    )

    def by_group(known_values: NDArray[Number], part_values: NDArray[Number]) -> NDArray[Number]:
        values = np.zeros(after.num_groups, dtype=known_values.dtype)
        values[new_position] = known_values[old]
        values[groups] = part_values
        return values

    return Evaluation(
        requests=known.requests,
        attained=np.where(models, part.attained, known.attained),
        latency_sum_s=np.where(models, part.latency_sum_s, known.latency_sum_s),
        group_requests=by_group(known.group_requests, part.group_requests),
        group_attained=by_group(known.group_attained, part.group_attained),
        group_busy_s=by_group(known.group_busy_s, part.group_busy_s),
        iterations=part.iterations,
    )
