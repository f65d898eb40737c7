"""Placements of small problems, compared on the same arrivals."""

from __future__ import annotations

import numpy as np

from alpaplan.analysis.comparison import (
    CommonTraces,
    Comparison,
    PlanRuns,
    compare,
)
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace
from tests import builders


def placement(problem: PlacementProblem, shape: tuple[int, int], *groups: list[int]) -> Placement:
    """Return groups of one shape with the given models."""
    shapes = [(s.intra_op, s.inter_op) for s in problem.shapes]
    replicas = np.zeros((len(groups), problem.num_models), dtype=np.bool_)
    for group, models in enumerate(groups):
        replicas[group, models] = True
    return Placement(np.full(len(groups), shapes.index(shape)), replicas)


def run(problem: PlacementProblem, arrivals: CommonTraces, *placements: Placement) -> Comparison:
    """Compare placements named a, b, ..."""
    runs = [
        PlanRuns(name, made, tuple(Simulator(problem, t).replay(made) for t in arrivals.traces))
        for name, made in zip("abc", placements, strict=False)
    ]
    return compare(problem, arrivals, runs)


def two_models() -> PlacementProblem:
    """Return a problem of two models, m and n."""
    return builders.problem([builders.model("m"), builders.model("n")])


def burst() -> CommonTraces:
    """Return a trace of 21 requests."""
    # Twenty requests of m at once, of which one device of 0.1 s serves ten within 1 s; then one n.
    times = np.array([0.0] * 20 + [9.0])
    model = np.array([0] * 20 + [1], dtype=np.int32)
    return CommonTraces("trace", (Trace(times, model, ("m", "n"), 9.0),))
