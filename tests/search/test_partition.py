"""Enumerated group partitions."""

from __future__ import annotations

import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.search.partition import (
    MAX_UNIFORM,
    combine,
    make_partition,
    pool_partitions,
    uniform_partitions,
    useful_shapes,
)
from tests import builders as make
from tests.builders import GB

ALL_SHAPES = ((1, 1), (1, 2), (2, 1), (1, 3), (1, 4), (4, 1), (2, 4), (1, 12), (1, 16))


def labels(problem: PlacementProblem, pool: int = 0) -> list[str]:
    """Return the labels of a pool's partitions."""
    return [partition.label for partition in pool_partitions(problem, pool)]


def test_every_shape_fills_the_cluster_and_smaller_groups_fill_what_remains() -> None:
    problem = make.problem(
        profiles=[make.profile(shapes=ALL_SHAPES)], on=make.cluster(make.pool(count=5))
    )
    assert labels(problem) == [
        "20 x (1, 1)",
        "10 x (1, 2)",
        "10 x (2, 1)",
        "5 x (1, 3) + 5 x (1, 1)",
        "5 x (1, 4)",
        "5 x (4, 1)",
        "2 x (2, 4) + 1 x (1, 4)",
        "1 x (1, 12) + 1 x (2, 4)",
        "1 x (1, 16) + 1 x (1, 4)",
    ]


@pytest.mark.parametrize("num_nodes", [1, 2, 3, 7])
@pytest.mark.parametrize("devices_per_node", [1, 3, 4, 6, 8])
def test_every_partition_packs(num_nodes: int, devices_per_node: int) -> None:
    on = make.cluster(make.pool(count=num_nodes, devices_per_node=devices_per_node))
    problem = make.problem(profiles=[make.profile(shapes=ALL_SHAPES)], on=on)
    for partition in pool_partitions(problem, 0):
        assert assign_devices(problem, partition.shapes) is not None


def test_shapes_that_can_serve_no_model_are_left_out() -> None:
    profile = make.profile(weight_bytes=30 * GB, latency_s=2.0)
    problem = make.problem([make.model(slo_s=1.5)], profiles=[profile])
    assert useful_shapes(problem).tolist() == [False, False, False, False, True]
    assert labels(problem) == ["1 x (2, 2)"]


def test_pools_are_combined_and_named() -> None:
    on = make.cluster(make.pool("x"), make.pool("y", devices_per_node=2))
    problem = make.problem(profiles=[make.profile(shapes=[(1, 1), (1, 2)])], on=on)
    found = combine(problem, [pool_partitions(problem, pool) for pool in range(2)])
    assert [partition.label for partition in found] == [
        "4 x (1, 1) x + 2 x (1, 1) y",
        "4 x (1, 1) x + 1 x (1, 2) y",
        "2 x (1, 2) x + 2 x (1, 1) y",
        "2 x (1, 2) x + 1 x (1, 2) y",
    ]


def test_a_partition_lists_larger_groups_first() -> None:
    problem = make.problem()
    assert make_partition(problem, [0, 3, 1]).shapes == (3, 1, 0)


def test_combinations_of_many_pools_are_sampled_without_listing_them_all() -> None:
    # 3 ** 30 combinations: listing them would never end.
    pools = [make.pool(f"p{i}", devices_per_node=2) for i in range(30)]
    profiles = [make.profile(shapes=[(1, 1), (1, 2), (2, 1)])]
    problem = make.problem(profiles=profiles, on=make.cluster(*pools))
    found = uniform_partitions(problem)
    assert 1 < len(found) <= MAX_UNIFORM
    assert len({partition.shapes for partition in found}) == len(found)
    assert {problem.shapes[h].num_devices for h in found[0].shapes} == {1}


def test_few_combinations_are_all_there_in_order() -> None:
    on = make.cluster(make.pool("x"), make.pool("y", devices_per_node=2))
    problem = make.problem(profiles=[make.profile(shapes=[(1, 1), (1, 2)])], on=on)
    expected = combine(problem, [pool_partitions(problem, pool) for pool in range(2)])
    found = uniform_partitions(problem)
    assert [part.label for part in found] == [part.label for part in expected]
