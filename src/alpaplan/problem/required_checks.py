"""Whether placements have the replicas that models require, and whether any can."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import InfeasibleError
from alpaplan.problem.devices import first_nodes
from alpaplan.problem.feasibility import shapes_with_room
from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem


def missing_replicas(problem: PlacementProblem, placement: Placement) -> NDArray[np.int64]:
    """Return how many of the replicas that it requires each model lacks, ``int64[M]``.

    Parameters
    ----------
    problem
        The problem.
    placement
        Groups that can be put onto the devices.
    """
    required = problem.required
    if required is None:
        return np.zeros(problem.num_models, dtype=np.int64)
    nodes = np.zeros(placement.num_groups, dtype=np.int64)
    if required.apart.any():
        nodes = np.array(first_nodes(problem, placement.shapes.tolist()), dtype=np.int64)
    return required.missing(placement.replicas, nodes)


def check_required(problem: PlacementProblem) -> None:
    """Make sure that the cluster has groups enough for each model that requires replicas.

    That it has memory for all of them together is not certain then.

    Raises
    ------
    InfeasibleError
        With a line for each model that requires more than there can be.
    """
    lines = list(_too_many(problem))
    if lines:
        raise InfeasibleError("no feasible placement\n" + "\n".join(f"  {line}" for line in lines))


def describe_missing(problem: PlacementProblem, placement: Placement) -> str:
    """Say which models lack replicas that they require, and how many."""
    required = problem.required
    missing = missing_replicas(problem, placement)
    lines = []
    for model in np.flatnonzero(missing).tolist() if required is not None else ():
        least = int(required.least[model]) if required is not None else 0
        apart = required is not None and bool(required.apart[model])
        lines.append(
            f"  model {problem.model_names[model]!r} needs {_groups(least, apart=apart)}, "
            f"found room on {least - int(missing[model])}"
        )
    return "\n".join(lines)


def _too_many(problem: PlacementProblem) -> Iterator[str]:
    required = problem.required
    if required is None:
        return
    room = shapes_with_room(problem)
    for model in np.flatnonzero(required.least).tolist():
        least, apart = int(required.least[model]), bool(required.apart[model])
        shapes = np.flatnonzero(room[:, problem.profile_of_model[model]])
        most, there = 0, []
        for index, pool in enumerate(problem.pools):
            here = (problem.shapes[h] for h in shapes if problem.shapes[h].pool == index)
            sizes = [shape.num_devices for shape in here]
            if not sizes:
                continue
            nodes = max(1, min(sizes) // pool.devices_per_node)
            on_each = 1 if apart else max(1, pool.devices_per_node // min(sizes))
            most += pool.num_nodes // nodes * on_each
            there.append(
                f"{pool.num_nodes} x {pool.devices_per_node} {pool.device}, "
                f"at least {min(sizes)} for a group"
            )
        if most < least:
            yield (
                f"model {problem.model_names[model]!r} needs {_groups(least, apart=apart)}, the "
                f"cluster has {most} ({'; '.join(there) or 'none that can hold it'})"
            )


def _groups(number: int, *, apart: bool) -> str:
    return f"{number} group{'s' * (number > 1)}" + (" on different nodes" if apart else "")
