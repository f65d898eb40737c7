"""Scores of changed placements: only what the change can influence is simulated again.

Groups that share no model, directly or through other groups, do not influence each other. A
change to some groups therefore leaves all requests alone but those of the models that these
groups hold, before or after it, and of the models that share a group with those, and so on.
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
"""Traces of parts of the models that are kept (a count; 8 to 128: each has the size of its
requests). Changes come back to the same components again and again."""

MAX_REMEMBERED_BYTES = 16_000_000
"""Memory for evaluations that are remembered (bytes; 1 to 100 MB). A walk over a small problem
comes to the same placements over and over; over a large one it hardly ever does."""

WHOLE_TRACE = 0.7
"""Part of the requests from which on everything is simulated (a fraction; 0.5 to 1): cutting a
trace down costs about a fifth of simulating it."""


@dataclass(frozen=True)
class Change:
    """Some groups of a placement replaced by others.

    Parameters
    ----------
    removed
        Indices of the groups that go.
    added
        The groups that come. They take the place of the first that goes.
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

    Not for use by several threads at a time.

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
        """Return the evaluation of the changed placement, and the work of the requests it took.

        That is none if the same placement was evaluated a short while ago.

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
            # Seven arrays of eight bytes a model or group are more than an evaluation has.
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
    """Return every model whose requests may fare differently after the change, ``bool[M]``."""
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
    """Put the new numbers of a part into what is known of the rest."""
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
