"""AlpaServe's replica ILP."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.memory import placement_fits
from alpaplan.search.methods import ilp as module
from alpaplan.search.methods.ilp import ilp, solve_replicas
from alpaplan.search.partition import make_partition
from alpaplan.search.search import Search
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import attempt_in, search_on


def search_of(problem: PlacementProblem, requests: list[int]) -> Search:
    """Return a search with so many requests of each model, evenly in 100 s."""
    arrival_s = np.concatenate([(np.arange(n) + 0.5) * 100 / n for n in requests])
    model = np.repeat(np.arange(len(requests)), requests).astype(np.int32)
    order = np.argsort(arrival_s, kind="stable")
    trace = Trace(arrival_s[order], model[order], problem.model_names, 100.0)
    return search_on(Simulator(problem, trace))


def test_replicas_follow_the_rates() -> None:
    # Six replicas of 4 GB fit: throughput over rate is evened out.
    problem = make.problem(
        [make.model(f"m{i}") for i in range(3)],
        [make.profile(shapes=[(1, 1)])],
        make.cluster(make.pool(devices_per_node=3)),
    )
    found = solve_replicas(
        attempt_in(search_of(problem, [900, 600, 300])), make_partition(problem, [0, 0, 0])
    )
    assert found.placement.replicas.sum(axis=0).tolist() == [3, 2, 1]
    assert found.method == "ilp"


def test_singles_and_larger_groups_are_tried() -> None:
    problem = make.problem([make.model(f"m{i}") for i in range(5)])
    found = ilp(search_of(problem, [200, 150, 100, 100, 50]))
    assert found[0].partition == "4 x (1, 1)"
    assert len(found) == 1 + module.ILP_PARTITIONS
    for candidate in found:
        assert placement_fits(problem, candidate.placement)
        assert candidate.placement.replicas.any(axis=0).all()


def test_results_repeat() -> None:
    problem = make.problem([make.model(f"m{i}") for i in range(5)])
    first, second = (ilp(search_of(problem, [200, 150, 100, 100, 50])) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.placement.replicas, other.placement.replicas)


def test_models_for_large_groups_only_leave_single_devices_out() -> None:
    problem = make.problem(profiles=[make.profile(weight_bytes=30 * GB)])
    labels = [candidate.partition for candidate in ilp(search_of(problem, [100]))]
    assert set(labels) == {"1 x (1, 4)", "1 x (2, 2)"}


def test_too_large_a_program_is_answered_greedily(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VARIABLES", 0)
    problem = make.problem([make.model(f"m{i}") for i in range(5)])
    found = solve_replicas(
        attempt_in(search_of(problem, [50] * 5)), make_partition(problem, [0] * 4)
    )
    assert placement_fits(problem, found.placement)
    assert found.placement.replicas.sum() == 8
