"""Groups beside others that stay where they are."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import DeviceSpan
from alpaplan.problem.near_devices import assign_beside, unused_devices
from tests import builders


@pytest.fixture
def two_nodes() -> PlacementProblem:
    """Return a problem of two nodes of four devices, with groups of 1, 2, 4 and 8."""
    pool = builders.pool(count=2)
    profile = builders.profile(shapes=((1, 1), (1, 2), (1, 4), (1, 8)))
    return builders.problem(profiles=[profile], on=builders.cluster(pool))


def shape_of(problem: PlacementProblem, size: int) -> int:
    return next(h for h, shape in enumerate(problem.shapes) if shape.num_devices == size)


def test_what_stays_keeps_its_devices(two_nodes: PlacementProblem) -> None:
    shapes = [shape_of(two_nodes, size) for size in (2, 4, 1)]
    stays = (DeviceSpan(0, 0, 1, 2),)
    found = assign_beside(two_nodes, shapes, {0: stays})
    assert found is not None
    assert found.groups == (stays, (DeviceSpan(0, 1, 0, 4),), (DeviceSpan(0, 0, 0, 1),))
    assert found.unused == (DeviceSpan(0, 0, 3, 1),)


def test_what_stays_may_leave_no_gap_that_is_large_enough(two_nodes: PlacementProblem) -> None:
    shapes = [shape_of(two_nodes, size) for size in (1, 8)]
    assert assign_beside(two_nodes, shapes[1:], {}) is not None
    assert assign_beside(two_nodes, shapes, {0: (DeviceSpan(0, 0, 0, 1),)}) is None


def test_no_device_is_given_twice(two_nodes: PlacementProblem) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        sizes = rng.choice([1, 2, 4], size=4).tolist()
        shapes = [shape_of(two_nodes, size) for size in sizes]
        found = assign_beside(two_nodes, shapes, {})
        if sum(sizes) > 8:
            assert found is None
            continue
        if found is None:
            continue
        spans = [span for group in found.groups for span in group]
        devices = [(s.node, d) for s in spans for d in range(s.first, s.first + s.count)]
        assert len(devices) == len(set(devices)) == sum(sizes)
        left = sum(span.count for span in unused_devices(two_nodes, found.groups))
        assert left == 8 - sum(sizes)
