"""How far replicas batch at first, and searches under given caps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.caps import without_batching
from alpaplan.problem.memory import placement_fits
from alpaplan.problem.service import batch_caps
from alpaplan.search.caps import find_with_caps, guess_caps, with_room
from alpaplan.search.methods.round_robin import round_robin
from alpaplan.search.search import Search
from alpaplan.simulator import Simulator
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import search_on

Draw = Callable[[np.random.Generator], Placement]


def guess(slo_s: float | Sequence[float], of_size_s: dict[int, float], num_stages: int = 1) -> int:
    """Return the guess for a profile whose batches take that long, in equal stages."""
    data = make.profile(shapes=[(1, num_stages)], batch_sizes=(1,)).model_dump()
    data["configs"][0]["stage_activation_bytes"] = None
    data["configs"][0]["stage_latency_s"] = {
        size: [latency_s / num_stages] * num_stages for size, latency_s in of_size_s.items()
    }
    objectives = [slo_s] if isinstance(slo_s, float) else slo_s
    models = [make.model(f"m{i}", slo_s=objective) for i, objective in enumerate(objectives)]
    profile = ModelProfileSpec.model_validate(data)
    return int(guess_caps(make.problem(models, [profile], make.cluster(max_batch_size=16))).item())


SATURATED = {1: 0.1, 2: 0.2, 8: 0.8}
FREE = {1: 0.1, 2: 0.1, 8: 0.1}
USUAL = {1: 0.1, 2: 0.13, 4: 0.2, 8: 0.36, 16: 0.7}


def test_batches_that_serve_no_more_a_second_are_not_formed() -> None:
    for num_stages in (1, 4):
        assert guess(10.0, SATURATED, num_stages) == 1
        assert guess(0.5, SATURATED, num_stages) == 1


def test_batches_that_cost_nothing_are_as_large_as_they_may_be() -> None:
    assert guess(1.0, FREE) == guess(0.1, FREE, num_stages=4) == 8


def test_the_guess_rises_with_the_objective_and_stops_where_little_is_gained() -> None:
    guesses = [guess(slo_s, USUAL, num_stages=4) for slo_s in (0.1, 0.2, 0.4, 1.0, 4.0)]
    assert guesses == sorted(guesses)
    assert guesses[0] == 1
    # 16 in 0.7 s are only 3% more a second than 8 in 0.36 s.
    assert 4 <= guesses[-1] <= 8


def test_models_of_one_profile_batch_as_the_most_urgent_of_them_can() -> None:
    assert guess((4.0, 0.2), USUAL, 4) == guess(0.2, USUAL, 4)
    assert guess((4.0, 0.01), USUAL, 4) == guess(4.0, USUAL, 4)
    assert guess(0.01, USUAL) == 1


def test_without_batching_there_is_nothing_to_guess(problem: PlacementProblem) -> None:
    assert (guess_caps(problem) == 1).all()


def test_replicas_get_the_caps_that_memory_allows(
    batching: PlacementProblem, random_placement: Draw
) -> None:
    rng = np.random.default_rng(0)
    lowered = 0
    for _ in range(50):
        placement = random_placement(rng)
        wanted = rng.integers(1, 5, placement.replicas.shape)
        limited = with_room(batching, placement, wanted)
        assert placement_fits(batching, limited)
        found = batch_caps(batching, limited)
        assert (found <= wanted).all()
        assert ((found > 0) == placement.replicas).all()
        lowered += bool((found < wanted)[placement.replicas].any())
    assert 0 < lowered < 50


@pytest.fixture
def search(batching_simulator: Simulator) -> Search:
    """Return a search with batching."""
    return search_on(batching_simulator)


@pytest.mark.parametrize("cap", [1, 2, 4])
def test_what_is_found_under_caps_has_them_in_the_whole_problem(search: Search, cap: int) -> None:
    problem = search.problem
    (found,) = find_with_caps(search, np.full(problem.supported.shape, cap), round_robin)
    assert (batch_caps(problem, found.placement)[found.placement.replicas] == cap).all()
    assert placement_fits(problem, found.placement)
    assert search.used.num_evaluations == 1
    again = search.space.score(found.placement)
    assert again.score == found.score
    assert again.evaluation.attained.tolist() == found.evaluation.attained.tolist()


def test_under_caps_of_one_a_search_finds_what_it_finds_without_batching(
    search: Search, simulator: Simulator
) -> None:
    (alone,) = round_robin(search_on(simulator))
    ones = np.ones(search.problem.supported.shape, dtype=np.int64)
    (found,) = find_with_caps(search, ones, round_robin)
    assert found.placement.shapes.tolist() == alone.placement.shapes.tolist()
    assert found.placement.replicas.tolist() == alone.placement.replicas.tolist()
    assert found.score == alone.score


def test_lower_caps_leave_room_for_more_replicas() -> None:
    profiles = [make.profile(weight_bytes=2 * GB, activation_bytes=2 * GB, batch_sizes=(1, 4))]
    models = [make.model(f"m{i}") for i in range(4)]
    on = make.cluster(make.pool(devices_per_node=1), max_batch_size=4)
    problem = make.problem(models, profiles, on)
    everything = Placement(np.array([0]), np.ones((1, 4), dtype=np.bool_))
    assert not placement_fits(problem, everything)
    assert placement_fits(without_batching(problem), everything)
    limited = with_room(problem, everything, np.full((1, 4), 4))
    assert batch_caps(problem, limited).tolist() == [[1, 1, 1, 1]]
