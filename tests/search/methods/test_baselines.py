"""Baselines: AlpaServe's, and what people do by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.search.methods.dedicated import dedicated
from alpaplan.search.methods.round_robin import round_robin
from alpaplan.search.methods.selective_replication import selective_replication
from alpaplan.search.search import Search
from alpaplan.search.selection.dedicated import dedicated_placement
from alpaplan.simulator import Simulator
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import search_on


def search_of(
    num_models: int, profiles: Sequence[ModelProfileSpec], on: ClusterSpec | None = None
) -> Search:
    """Return a search of models in turn, each with ten requests at once."""
    models = [make.model(f"m{i}", profiles[i % len(profiles)].name) for i in range(num_models)]
    problem = make.problem(models, profiles, on)
    model = np.repeat(np.arange(num_models, dtype=np.int32), 10)
    simulator = Simulator(problem, Trace(np.zeros(model.size), model, problem.model_names, 1.0))
    return search_on(simulator)


def shapes_of(problem: PlacementProblem, shapes: Sequence[int]) -> list[tuple[int, int]]:
    return [(problem.shapes[h].intra_op, problem.shapes[h].inter_op) for h in shapes]


def test_round_robin_deals_in_turn_until_nothing_fits() -> None:
    # Two groups with room for two models of three each: every other turn goes to each.
    profile = make.profile(weight_bytes=16 * GB, shapes=[(1, 4)])
    search = search_of(3, [profile], make.cluster(make.pool(count=2)))
    (found,) = round_robin(search)
    assert shapes_of(search.problem, found.placement.shapes.tolist()) == [(1, 4)] * 2
    assert found.placement.replicas.tolist() == [[True, False, True], [True, True, False]]
    assert found.method == "round-robin"


def test_round_robin_passes_full_groups_over() -> None:
    small, large = make.profile("small", 0.1, 2 * GB), make.profile("large", 0.1, 36 * GB)
    both = [p.model_copy(update={"configs": p.configs[3:4]}) for p in (large, small)]
    search = search_of(4, both, make.cluster(make.pool(count=2)))
    (found,) = round_robin(search)
    # A large model leaves room for two small ones beside it: all go everywhere they fit.
    assert found.placement.replicas.sum(axis=0).tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("shapes", "taken"),
    [
        ([(1, 1), (1, 2), (1, 4), (2, 2), (4, 1)], (1, 4)),
        ([(1, 1), (2, 2), (4, 1)], (2, 2)),
        ([(1, 1), (1, 2), (2, 1)], (1, 2)),
        ([(1, 1), (1, 8)], (1, 8)),
    ],
)
def test_round_robin_takes_four_stage_pipelines_or_what_is_nearest(
    shapes: list[tuple[int, int]], taken: tuple[int, int]
) -> None:
    search = search_of(2, [make.profile(shapes=shapes)], make.cluster(make.pool(count=2)))
    (found,) = round_robin(search)
    assert set(shapes_of(search.problem, found.placement.shapes.tolist())) == {taken}


def test_selective_replication_leaves_pools_without_single_devices_empty() -> None:
    one = make.profile(shapes=[(1, 1), (1, 2)], device="one")
    two = make.profile(shapes=[(1, 2)], device="two")
    profile = one.model_copy(update={"configs": one.configs + two.configs})
    on = make.cluster(make.pool("x", device="one"), make.pool("y", device="two"))
    search = search_of(2, [profile], on)
    (found,) = selective_replication(search)
    assert shapes_of(search.problem, found.placement.shapes.tolist()) == [(1, 1)] * 4
    assert {search.problem.shapes[h].pool for h in found.placement.shapes} == {0}
    assert found.method == "selective-replication"
    assert found.placement.replicas.any(axis=0).all()


def test_models_too_large_for_a_device_cannot_be_replicated() -> None:
    assert selective_replication(search_of(1, [make.profile(weight_bytes=30 * GB)])) == []


def test_where_nothing_can_be_served_nothing_is_dealt() -> None:
    search = search_of(1, [make.profile(latency_s=50.0)])
    assert not any(found.placement.replicas.any() for found in round_robin(search))
    assert not any(found.placement.replicas.any() for found in selective_replication(search))


def test_dedicated_groups_follow_the_load() -> None:
    # The large model needs two devices; the busy one gets what three times the requests take.
    small, large = make.profile("small", 0.1, 4 * GB), make.profile("large", 0.1, 16 * GB)
    models = [make.model("rare", "small"), make.model("busy", "small"), make.model("big", "large")]
    problem = make.problem(models, [small, large], make.cluster(make.pool(devices_per_node=6)))
    model = np.repeat(np.arange(3, dtype=np.int32), [10, 30, 10])
    simulator = Simulator(problem, Trace(np.zeros(model.size), model, problem.model_names, 1.0))
    (found,) = dedicated(search_on(simulator))
    assert found.placement.replicas.sum(axis=1).tolist() == [1] * 5
    assert found.placement.replicas.sum(axis=0).tolist() == [1, 3, 1]
    shapes = shapes_of(problem, found.placement.shapes.tolist())
    assert [intra_op * inter_op for intra_op, inter_op in shapes] == [1, 1, 1, 1, 2]
    assert (found.method, found.partition) == ("dedicated", "4 x (1, 1) + 1 x (2, 1)")


def test_with_too_few_devices_those_of_most_load_are_dedicated() -> None:
    problem = make.problem([make.model(f"m{i}") for i in range(6)], [make.profile()])
    placement = dedicated_placement(problem, np.array([1.0, 6.0, 2.0, 5.0, 3.0, 4.0]))
    assert placement.replicas.any(axis=0).tolist() == [False, True, False, True, True, True]


def test_dedicated_groups_lie_in_another_pool_once_the_first_is_full() -> None:
    one, two = make.profile(device="one"), make.profile(shapes=[(2, 1)], device="two")
    profile = one.model_copy(update={"configs": one.configs + two.configs})
    pools = (make.pool("x", device="one"), make.pool("y", device="two", devices_per_node=2))
    problem = make.problem([make.model()], [profile], make.cluster(*pools))
    placement = dedicated_placement(problem, np.ones(1))
    groups = [problem.shapes[h] for h in placement.shapes]
    assert [(group.pool, group.num_devices) for group in groups] == [*[(0, 1)] * 4, (1, 2)]
