from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import Placement


@pytest.fixture
def placement() -> Placement:
    return Placement(
        shapes=np.array([2, 0, 1]),
        replicas=np.array([[True, False], [True, True], [False, False]]),
        max_batch_size=np.array([[4, 0], [0, 1], [0, 0]]),
    )


def plain(placement: Placement) -> Placement:
    return Placement(placement.shapes, placement.replicas)


def test_groups_are_taken_with_the_limits_of_their_replicas(placement: Placement) -> None:
    by_number = placement.take([1, 0])
    assert by_number.shapes.tolist() == [0, 2]
    assert by_number.replicas.tolist() == [[True, True], [True, False]]
    assert by_number.max_batch_size is not None
    assert by_number.max_batch_size.tolist() == [[0, 1], [4, 0]]
    assert by_number.kv_fraction is None
    kept = placement.take(np.array([True, False, True]))
    assert kept.shapes.tolist() == [2, 1]
    assert placement.take([]).num_groups == 0


def test_groups_without_limits_have_zeros_beside_those_that_have_some(placement: Placement) -> None:
    fractions = Placement(np.array([5]), np.array([[True, True]]), None, np.array([[0.25, 0.75]]))
    both = Placement.joined([placement, fractions])
    assert both.shapes.tolist() == [2, 0, 1, 5]
    assert both.replicas.tolist() == [*placement.replicas.tolist(), [True, True]]
    assert both.max_batch_size is not None
    assert both.max_batch_size.tolist() == [[4, 0], [0, 1], [0, 0], [0, 0]]
    assert both.kv_fraction is not None
    assert both.kv_fraction.tolist() == [[0, 0], [0, 0], [0, 0], [0.25, 0.75]]
    assert Placement.joined([plain(placement)] * 2).max_batch_size is None


def test_replicas_are_in_the_order_of_the_models_unless_a_group_lists_them_otherwise(
    placement: Placement,
) -> None:
    listed = Placement(
        np.array([3, 4]), np.ones((2, 2), dtype=np.bool_), order=np.array([[0, 0], [1, 0]])
    )
    group, model = Placement.joined([placement, listed]).in_replica_order()
    assert group.tolist() == [0, 1, 1, 3, 3, 4, 4]
    assert model.tolist() == [0, 0, 1, 0, 1, 1, 0]
    assert listed.take([1, 0]).in_replica_order()[1].tolist() == [1, 0, 0, 1]
    assert listed.key() != Placement(listed.shapes, listed.replicas).key()


def test_keys_are_equal_where_placements_are(placement: Placement) -> None:
    without = plain(placement)
    zeros = Placement(
        placement.shapes, placement.replicas, np.zeros((3, 2), dtype=np.int64), np.zeros((3, 2))
    )
    assert zeros.key() == without.key()
    others = [
        placement,
        placement.take([0, 1]),
        Placement(np.array([2, 0, 0]), placement.replicas),
        Placement(placement.shapes, ~placement.replicas),
        Placement(placement.shapes, placement.replicas, None, np.full((3, 2), 0.5)),
    ]
    assert len({each.key() for each in [without, *others]}) == 6


def test_nothing_of_a_placement_can_be_changed(placement: Placement) -> None:
    assert placement.max_batch_size is not None
    with pytest.raises(ValueError, match="read-only"):
        placement.max_batch_size[0, 0] = 1


def test_models_are_renumbered_with_the_limits_of_their_replicas(placement: Placement) -> None:
    turned = placement.with_models(np.array([1, 0]))
    assert turned.shapes.tolist() == placement.shapes.tolist()
    assert turned.replicas.tolist() == [[False, True], [True, True], [False, False]]
    assert turned.max_batch_size is not None
    assert turned.max_batch_size.tolist() == [[0, 4], [1, 0], [0, 0]]
    assert turned.with_models(np.array([1, 0])).key() == placement.key()


def test_groups_without_replicas_are_left_out_in_order() -> None:
    replicas = np.array([[False, True], [False, False], [True, True]])
    placement = Placement(np.array([4, 5, 6]), replicas)
    found = placement.without_empty_groups()
    assert placement.in_use.tolist() == [0, 2]
    assert found.shapes.tolist() == [4, 6]
    assert found.replicas.tolist() == [[False, True], [True, True]]
