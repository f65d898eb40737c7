"""Quick model selection: many replicas a round, so that a selection takes about ten simulations.

Fast greedy selection simulates after every replica, though one replica changes the outcome little.
Here a round adds replicas for a part of the models before the next simulation. The first round,
before any simulation, spreads the offered load.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.caps import busy_mean_stage_s
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate
from alpaplan.search.partition import GroupPartition
from alpaplan.search.selection.replicas import ReplicaSelection

ROUNDS = 12
"""Most rounds of one selection (a count; 6 to 30): later ones add little."""

MODELS_A_ROUND = 1 / 12
"""Part of the models that get a replica in a round (a fraction; 1/60 to 1/4). Smaller is
slower and nearer to fast greedy selection."""

EXPECTED_RELIEF = 0.5
"""Part of a model's missed requests that a new replica is expected to take over, when the
group's load for the rest of the round is guessed (a fraction; 0.2 to 1)."""


def select_quickly(attempt: Attempt, partition: GroupPartition) -> Candidate:
    """Add replicas for the neediest models round by round, and simulate once a round."""
    problem = attempt.problem
    selection = ReplicaSelection(problem, partition.shapes, partition.eligible)
    cost_s = _stage_cost_s(problem, partition)
    requests = attempt.space.training.trace.requests_per_model()
    _spread(selection, problem.model_weight, requests.astype(np.float64), cost_s)
    best = latest = attempt.evaluate(selection.placement())
    most = max(1, round(MODELS_A_ROUND * problem.num_models))
    for _ in range(ROUNDS):
        evaluation = latest.evaluation
        missed = (evaluation.requests - evaluation.attained).astype(np.float64)
        need = missed * problem.model_weight
        busy_s = evaluation.group_busy_s.copy()
        added = _add_round(selection, need, missed * EXPECTED_RELIEF, cost_s, busy_s, most)
        if not added or attempt.exhausted():
            break
        latest = attempt.evaluate(selection.placement())
        if latest.score > best.score:
            best = latest
    return Candidate.of("quick", partition.label, best, attempt.used.num_evaluations)


def _spread(
    selection: ReplicaSelection,
    model_weight: NDArray[np.float64],
    requests: NDArray[np.float64],
    cost_s: NDArray[np.float64],
) -> None:
    """Give every model its first replica, the largest load first, each on the idlest group."""
    cheapest_s = cost_s.min(axis=0, initial=np.inf)
    load = requests * model_weight * np.where(np.isfinite(cheapest_s), cheapest_s, 0.0)
    busy_s = np.zeros(selection.replicas.shape[0])
    _add_round(selection, load, requests, cost_s, busy_s, load.size)


def _add_round(
    selection: ReplicaSelection,
    need: NDArray[np.float64],
    expected_requests: NDArray[np.float64],
    cost_s: NDArray[np.float64],
    busy_s: NDArray[np.float64],
    most: int,
) -> int:
    """Add one replica for each of the neediest models; returns how many. Changes `busy_s`."""
    added = 0
    for model in np.argsort(-need, kind="stable"):
        if need[model] <= 0 or added == most:
            break
        usable = selection.addable[:, model]
        if not usable.any():
            continue
        group = int(np.argmin(np.where(usable, busy_s, np.inf)))
        selection.add(group, int(model))
        busy_s[group] += expected_requests[model] * cost_s[group, model]
        added += 1
    return added


def _stage_cost_s(problem: PlacementProblem, partition: GroupPartition) -> NDArray[np.float64]:
    """Return how long a request keeps a stage busy on average, ``float64[G, M]``."""
    mean_s = busy_mean_stage_s(problem)[list(partition.shapes)]
    return np.asarray(mean_s[:, problem.profile_of_model])
