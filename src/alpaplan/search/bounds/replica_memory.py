"""What the cluster's memory limits: how many replicas fit, and what each can attain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory_rule import cluster_memory_bytes, replica_bytes
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace


def most_weight_in_memory(
    problem: PlacementProblem, trace: Trace, servable: NDArray[np.bool_]
) -> float:
    """Return the most weight of requests that can be attained by replicas that fit into memory.

    A replica attains at most what it attains alone on a group of the best shape. No choice of
    requests does better there: among equal requests in one first-come-first-served pipeline, the
    k-th that is accepted without looking ahead arrives, and leaves each stage, no later than the
    k-th of any other choice. So R replicas of a model attain at most R times that, and never more
    than all requests of the model, and take at least R times the bytes of its smallest replica.
    This is concave in R, so that the fractional knapsack of replicas in the cluster's usable memory
    is a bound (Dantzig, "Discrete-variable extremum problems", Operations Research 5, 1957).

    Parameters
    ----------
    problem, trace
        The problem and arrivals of its models.
    servable : bool[H, M]
        Whether a replica on the shape can attain anything.
    """
    alone = _attained_alone(problem, trace, servable)
    requests = trace.requests_per_model()
    fewest_bytes = _fewest_bytes(problem, servable)
    counts = (alone > 0) & (problem.model_weight > 0)
    alone, requests = alone[counts], requests[counts]
    weight, bytes_of_one = problem.model_weight[counts], fewest_bytes[counts]
    num_full = requests // alone
    # Replicas that attain all they can, then one for the model's remaining requests.
    worth = np.concatenate([num_full * alone * weight, (requests - num_full * alone) * weight])
    needed = np.concatenate([num_full * bytes_of_one, bytes_of_one])
    usable = float(cluster_memory_bytes(problem))
    by_density = np.argsort(-worth / needed, kind="stable")
    before = np.cumsum(needed[by_density]) - needed[by_density]
    part = np.clip((usable - before) / needed[by_density], 0.0, 1.0)
    return float(worth[by_density] @ part)


def _attained_alone(
    problem: PlacementProblem, trace: Trace, servable: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return what the best single replica of each model attains with a group of its own."""
    simulator = Simulator(problem, trace)
    best = np.zeros(problem.num_models, dtype=np.int64)
    for shape in np.flatnonzero(servable.any(axis=1)):
        own_group = Placement(
            np.full(problem.num_models, shape, dtype=np.int64), np.diag(servable[shape])
        )
        best = np.maximum(best, simulator.evaluate(own_group).attained)
    return best


def _fewest_bytes(problem: PlacementProblem, servable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the bytes of each model's smallest replica on all devices together, at least 1."""
    of_model = np.where(servable, replica_bytes(problem)[:, problem.profile_of_model], np.inf)
    # At least 1, as the density divides by it; real replicas have far more bytes.
    return np.asarray(np.maximum(of_model.min(axis=0, initial=np.inf), 1.0))
