"""Groups onto devices."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem.devices import DeviceSpan, assign_devices
from tests import builders as make

SHAPES = ((1, 1), (1, 2), (3, 1), (1, 4), (8, 1), (12, 1))


def test_larger_groups_go_first_and_the_rest_is_left_over() -> None:
    on = make.cluster(make.pool(count=3))
    problem = make.problem(profiles=[make.profile(shapes=SHAPES)], on=on)
    assignment = assign_devices(problem, [0, 2, 4])
    assert assignment is not None
    assert assignment.groups[2] == (DeviceSpan(0, 0, 0, 4), DeviceSpan(0, 1, 0, 4))
    assert assignment.groups[1] == (DeviceSpan(0, 2, 0, 3),)
    assert assignment.groups[0] == (DeviceSpan(0, 2, 3, 1),)
    assert assignment.unused == ()


def test_groups_that_do_not_pack_are_refused() -> None:
    problem = make.problem(
        profiles=[make.profile(shapes=SHAPES)], on=make.cluster(make.pool(count=2))
    )
    assert assign_devices(problem, [2, 2]) is not None
    assert assign_devices(problem, [2, 2, 1]) is None
    assert assign_devices(problem, [4, 0]) is None


def test_every_pool_has_its_own_devices() -> None:
    on = make.cluster(make.pool("x"), make.pool("y", devices_per_node=2))
    problem = make.problem(profiles=[make.profile(shapes=[(1, 1), (1, 2)])], on=on)
    second = [h for h, shape in enumerate(problem.shapes) if shape.pool == 1]
    assignment = assign_devices(problem, [second[1], 0])
    assert assignment is not None
    assert assignment.groups == ((DeviceSpan(1, 0, 0, 2),), (DeviceSpan(0, 0, 0, 1),))
    assert assignment.unused == (DeviceSpan(0, 0, 1, 3),)


@given(st.integers(1, 5), st.lists(st.sampled_from([0, 1, 3, 4, 5]), max_size=12))
def test_no_device_is_given_twice_and_powers_of_two_pack_whenever_they_can(
    num_nodes: int, wanted: list[int]
) -> None:
    shapes = ((1, 1), (1, 2), (3, 1), (1, 4), (8, 1), (16, 1))
    on = make.cluster(make.pool(count=num_nodes))
    problem = make.problem(profiles=[make.profile(shapes=shapes)], on=on)
    chosen = [h for h in wanted if h < len(problem.shapes)]
    sizes = [problem.shapes[h].num_devices for h in chosen]
    assignment = assign_devices(problem, chosen)
    assert (assignment is not None) == (sum(sizes) <= num_nodes * 4)
    if assignment is None:
        return
    spans = [span for group in assignment.groups for span in group] + list(assignment.unused)
    devices = [(s.node, s.first + i) for s in spans for i in range(s.count)]
    assert sorted(devices) == [(n, d) for n in range(num_nodes) for d in range(4)]
    for size, group in zip(sizes, assignment.groups, strict=True):
        assert sum(span.count for span in group) == size
        assert len(group) == 1 or all(span.count == 4 for span in group)
