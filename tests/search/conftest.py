"""A problem of middling size that the tests of the search share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import keep_what_fits
from alpaplan.search.attempt import Attempt, Watch
from alpaplan.search.budget import Budget
from alpaplan.search.search import Search
from alpaplan.search.space import SearchSpace
from alpaplan.search.stopping import StopCriterion, never
from alpaplan.simulator import Simulator
from alpaplan.specs.workload import ServedModel
from alpaplan.workload.sampling import sample_trace
from tests import builders as make
from tests.builders import GB

UNLIMITED = Budget()

SHAPES = ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2), (2, 4))


def served_models(cv: float = 3.0) -> tuple[ServedModel, ...]:
    """Return ten models of three profiles with falling rates."""
    entries = [
        make.model(
            f"m{i}",
            f"p{i % 3}",
            slo_s=(0.4, 0.8, 1.6)[i % 3],
            arrivals={"process": "gamma", "rate_rps": 14.0 / (i + 1), "cv": cv},
        )
        for i in range(10)
    ]
    return make.workload(*entries).served_models()


def search_on(simulator: Simulator, budget: Budget = UNLIMITED) -> Search:
    """Return a search that is screened by all of its arrivals."""
    space = SearchSpace(simulator.problem, simulator, simulator)
    return Search(space, budget, np.random.default_rng(0))


def attempt_in(
    search: Search, budget: Budget | None = None, stop: StopCriterion = never
) -> Attempt:
    """Return an attempt with the whole budget of a search, or with another one."""
    whole = search.budget if budget is None else budget
    return Attempt(search.space, whole, np.random.default_rng(5), Watch(stop))


def problem_with(max_batch_size: int) -> PlacementProblem:
    """Return ten bursty models on two nodes of four devices, and one node of another type."""
    profiles = []
    for i, (latency_s, weight_gb) in enumerate([(0.08, 2), (0.15, 4), (0.3, 7)]):
        one, two = (
            make.profile(
                f"p{i}",
                latency_s / speed,
                weight_gb * GB,
                shapes,
                device,
                activation_bytes=working_bytes,
                batch_sizes=(1, 2, 4),
            )
            for device, speed, shapes, working_bytes in (
                ("gpu", 1, SHAPES, GB // 2),
                ("new", 2, SHAPES[:2], 0),
            )
        )
        profiles.append(one.model_copy(update={"configs": one.configs + two.configs}))
    models = [make.model(model.name, model.profile, slo_s=model.slo_s) for model in served_models()]
    pools = (make.pool(count=2), make.pool("y", devices_per_node=2, device="new"))
    return make.problem(models, profiles, make.cluster(*pools, max_batch_size=max_batch_size))


@pytest.fixture(scope="session")
def problem() -> PlacementProblem:
    """Return the models without batching."""
    return problem_with(1)


@pytest.fixture(scope="session")
def batching() -> PlacementProblem:
    """Return the models with batches of up to four."""
    return problem_with(4)


@pytest.fixture(scope="session")
def simulator(problem: PlacementProblem) -> Simulator:
    """Return a simulator of some thousand arrivals."""
    rng = np.random.default_rng(11)
    return Simulator(problem, sample_trace(served_models(), 150.0, rng, cold_start=True))


@pytest.fixture(scope="session")
def batching_simulator(batching: PlacementProblem, simulator: Simulator) -> Simulator:
    """Return a simulator of the same arrivals with batching."""
    return Simulator(batching, simulator.trace)


@pytest.fixture
def search(problem: PlacementProblem, simulator: Simulator) -> Search:
    """Return a search with a small budget."""
    trace = simulator.trace
    screening = Simulator(problem, trace.window(0.0, trace.duration_s / 3))
    space = SearchSpace(problem, simulator, screening)
    return Search(space, Budget(max_work=6_000_000), np.random.default_rng(5))


@pytest.fixture(scope="session")
def random_placement(
    problem: PlacementProblem,
) -> Callable[[np.random.Generator], Placement]:
    """Return a function that draws a placement that fits, some of its groups in another order."""
    servable = servable_replicas(problem)
    of_size = {
        pool: {
            size: [
                h
                for h, shape in enumerate(problem.shapes)
                if (shape.pool, shape.num_devices) == (pool, size)
            ]
            for size in (1, 2, 4, 8)
        }
        for pool in (0, 1)
    }
    partitions = [((8,), (2,)), ((4, 4), (1, 1)), ((4, 2, 2), (2,)), ((2, 2, 1, 1, 2), (1,))]

    def draw(rng: np.random.Generator) -> Placement:
        sizes = partitions[int(rng.integers(len(partitions)))]
        shapes = [int(rng.choice(of_size[pool][size])) for pool in (0, 1) for size in sizes[pool]]
        rng.shuffle(shapes)
        replicas = np.zeros((len(shapes), problem.num_models), dtype=np.bool_)
        for group, shape in enumerate(shapes):
            wanted = rng.permutation(np.flatnonzero(servable[shape]))
            some = wanted[: int(rng.integers(wanted.size + 1))]
            replicas[group, keep_what_fits(problem, shape, some)] = True
        return Placement(np.array(shapes, dtype=np.int64), replicas)

    return draw
