"""Tiny problems: no method beats brute force, and the default method meets it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory import placement_fits
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Score, best_of
from alpaplan.search.methods import METHODS
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import sample_trace
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import search_on


def tiny(seed: int) -> tuple[PlacementProblem, Simulator]:
    """Return three bursty models on two devices, with some thousand arrivals."""
    rng = np.random.default_rng(seed)
    profiles = [
        make.profile(
            f"p{i}",
            latency_s=float(rng.uniform(0.1, 0.3)),
            weight_bytes=int(rng.integers(2, 7)) * GB,
            shapes=[(1, 1), (1, 2), (2, 1)],
        )
        for i in range(3)
    ]
    models = [
        make.model(
            f"m{i}",
            f"p{i}",
            slo_s=float(rng.uniform(0.4, 1.5)),
            arrivals={"process": "gamma", "rate_rps": float(rng.uniform(0.5, 3)), "cv": 3.0},
        )
        for i in range(3)
    ]
    problem = make.problem(models, profiles, make.cluster(make.pool(devices_per_node=2)))
    trace = sample_trace(make.workload(*models).served_models(), 400.0, rng)
    return problem, Simulator(problem, trace)


def all_placements(problem: PlacementProblem) -> Iterator[Placement]:
    """Yield every placement that fits on two devices."""
    one_device = [h for h, shape in enumerate(problem.shapes) if shape.num_devices == 1]
    two_devices = [h for h, shape in enumerate(problem.shapes) if shape.num_devices == 2]
    partitions = [(h,) for h in one_device + two_devices] + [(h, h) for h in one_device]
    for shapes in partitions:
        size = len(shapes) * problem.num_models
        for bits in itertools.product([False, True], repeat=size):
            replicas = np.array(bits, dtype=np.bool_).reshape(len(shapes), -1)
            placement = Placement(np.array(shapes, dtype=np.int64), replicas)
            if placement_fits(problem, placement):
                yield placement


@pytest.mark.parametrize("seed", range(6))
def test_methods_never_beat_brute_force_and_auto_meets_it(seed: int) -> None:
    problem, simulator = tiny(seed)
    scores = [Score.of(problem, simulator.evaluate(p)) for p in all_placements(problem)]
    best = max(scores)
    rng = np.random.default_rng(seed)
    whole = search_on(simulator, Budget(max_work=50_000_000))
    for name, method in METHODS.items():
        found = best_of(method.find(replace(whole, rng=rng))).score
        assert found <= best, name
        if name == "auto":
            assert found.attainment == best.attainment
