"""Names and devices of placements that follow each other, and what they are worth."""

from __future__ import annotations

import numpy as np

from alpaplan.problem import GroupShape, Placement, PlacementProblem
from alpaplan.search.schedules.judged import (
    bytes_loaded,
    cost_until,
    costs_per_hour,
    device_hours,
    devices_in_use,
)
from alpaplan.search.schedules.placed import GroupNames, num_lacking, place, schedule_of
from alpaplan.search.schedules.weighing import Weighing, WindowOfTime
from alpaplan.workload.trace import Trace
from tests import builders as make

GB = make.GB


def problem_of() -> PlacementProblem:
    """Return three models of 4 GB on a node of four devices."""
    models = [make.model(f"m{m}", slo_s=0.5) for m in range(3)]
    return make.problem(models, [make.profile()], make.cluster(make.pool()))


def on_devices(problem: PlacementProblem, *groups: tuple[int, list[int]]) -> Placement:
    """Return groups of stages and the models on them."""
    shapes = [problem.shapes.index(GroupShape(0, 1, stages)) for stages, _ in groups]
    replicas = np.array([[m in models for m in range(3)] for _, models in groups])
    return Placement(np.array(shapes), replicas)


def test_groups_take_the_devices_where_their_weights_are() -> None:
    problem, names = problem_of(), GroupNames()
    first = place(problem, on_devices(problem, (1, [0]), (1, [1]), (2, [2])), names, None)
    second = place(problem, on_devices(problem, (1, [1]), (1, [0, 2]), (2, [2])), names, first)
    third = place(problem, on_devices(problem, (4, [0])), names, second)
    assert second.names == (first.names[1], first.names[0], first.names[2])
    assert second.devices == (first.devices[1], first.devices[0], first.devices[2])
    assert third.names[0] not in first.names
    schedule = schedule_of([0.0, 3600.0, 7200.0], [first, second, third])
    assert bytes_loaded(problem, schedule) == (0, 4 * GB, 4 * GB)
    assert devices_in_use(schedule) == (4, 4, 4)
    assert device_hours(schedule, 9000.0) == 10.0


def test_required_replicas_stay_on_different_nodes() -> None:
    models = [make.model("apart", min_replicas=2, spread="node"), make.model("other")]
    on = make.cluster(make.pool(count=2, devices_per_node=2))
    problem, names = make.problem(models, [make.profile()], on), GroupNames()
    single = problem.shapes.index(GroupShape(0, 1, 1))

    def singles(*held: list[int]) -> Placement:
        replicas = np.array([[m in own for m in range(2)] for own in held])
        return Placement(np.full(len(held), single), replicas)

    # Alone, both would be on the first node without the group between them.
    first = place(problem, singles([0], [], [0]), names, None)
    assert num_lacking(problem, first.placement, first.devices) == 0
    assert [own[0][1] for own in first.devices] == [0, 1]
    # Where `other` had both devices of a node, it would have them again.
    like = place(problem, singles([0], [0], [1], [1]), names, None)
    assert num_lacking(problem, like.placement, like.devices) == 1
    placed = place(problem, singles([0], [1], [0], [1]), names, like)
    assert num_lacking(problem, placed.placement, placed.devices) == 0


def test_a_group_with_another_limit_of_batches_has_another_name() -> None:
    names = GroupNames()
    devices = ((0, 0, 0),)
    assert names.name(0, devices, {0: 2}) == "g0"
    assert names.name(0, devices, {1: 0}) == "g0"
    assert names.name(0, devices, {0: 0}) == "g1"
    assert names.name(0, devices, {0: 2, 1: 0}) == "g0"
    assert names.name(1, devices, {0: 2}) == "g2"


def test_equal_placements_are_one() -> None:
    problem, names = problem_of(), GroupNames()
    placed = place(problem, on_devices(problem, (1, [0]), (1, [])), names, None)
    assert len(placed.names) == 1  # groups without replicas are left out
    other = place(problem, on_devices(problem, (1, [1])), names, placed)
    schedule = schedule_of([0.0, 5.0, 9.0], [placed, placed, other])
    assert schedule.start_s.tolist() == [0.0, 9.0]


def window_of(problem: PlacementProblem, model: list[int]) -> WindowOfTime:
    """Return an hour with requests a second apart, each 0.1 s long."""
    times_s = np.arange(len(model), dtype=np.float64) + 3600
    trace = Trace(times_s, np.array(model, dtype=np.int32), problem.model_names, 3600.0)
    return WindowOfTime(3600.0, 7200.0, trace)


def test_groups_go_that_a_window_has_no_use_for() -> None:
    problem = problem_of()
    groups = on_devices(problem, (1, [0]), (1, [1]), (1, [0, 1]), (1, [2]))
    placed = place(problem, groups, GroupNames(), None)
    window = window_of(problem, [0] * 99 + [1])
    for_target = Weighing(problem, target=0.99, device_cost=0.0)
    assert for_target.pruned(window, placed).num_devices == 1
    for_all = Weighing(problem, target=1.0, device_cost=0.0)
    assert for_all.pruned(window, placed).names == (placed.names[2],)
    assert Weighing(problem, None, 0.5).pruned(window, placed).names == (placed.names[2],)
    # A device is not worth the one request that it attains.
    left = Weighing(problem, None, 2.0).pruned(window, placed)
    assert left.num_devices == 1


def two_nodes(*costs: float | None) -> PlacementProblem:
    """Return the same models on pools of one node with two devices each."""
    pools = [
        make.pool(f"n{index}", devices_per_node=2, cost_per_hour=cost)
        for index, cost in enumerate(costs)
    ]
    models = [make.model(f"m{m}", slo_s=0.5) for m in range(3)]
    return make.problem(models, [make.profile()], make.cluster(*pools))


def on_nodes(problem: PlacementProblem, *groups: tuple[int, list[int]]) -> Placement:
    """Return single devices of pools, and the models on them."""
    shapes = [problem.shapes.index(GroupShape(pool, 1, 1)) for pool, _ in groups]
    replicas = np.array([[m in models for m in range(3)] for _, models in groups])
    return Placement(np.array(shapes), replicas)


def test_a_node_is_paid_for_as_a_whole() -> None:
    problem = two_nodes(3.0, None)
    groups = on_nodes(problem, (0, [0]), (0, [1]), (1, [0, 1, 2]))
    placed = place(problem, groups, GroupNames(), None)
    window = window_of(problem, [0, 1, 2, 0])
    assert Weighing(problem, None).cost(window, None, placed) == (0, 0.0, 3.0, 3.0, 0.0)
    one = placed.without([0])
    assert Weighing(problem, None).cost(window, None, one).paid == 3.0
    # The node that costs something costs as much as two requests are worth.
    assert Weighing(problem, None, 0.0, 1.5).cost(window, None, one).missed == 2.0
    schedule = schedule_of([0.0, 3600.0], [placed, placed.without([0, 1])])
    assert costs_per_hour(problem, schedule) == (3.0, 0.0)
    assert cost_until(problem, schedule, 5400.0) == 3.0
    assert cost_until(two_nodes(None, None), schedule, 5400.0) is None


def test_all_groups_of_a_node_go_where_it_is_not_worth_its_cost() -> None:
    problem = two_nodes(3.0, 3.0)
    groups = on_nodes(problem, (0, [0]), (0, [1]), (1, [2]))
    placed = place(problem, groups, GroupNames(), None)
    window = window_of(problem, [0, 1] * 10 + [2] * 50)
    # No group of the first node alone is worth leaving out: the node is paid for all the same.
    assert Weighing(problem, None, 0.0, 0.14).pruned(window, placed).names == placed.names[2:]
    assert Weighing(problem, None, 0.0, 0.16).pruned(window, placed).num_devices == 3


def test_of_as_many_devices_those_on_fewer_nodes_cost_less() -> None:
    problem = two_nodes(3.0, 3.0)
    groups = on_nodes(problem, (0, [0]), (0, [1]), (1, [0, 1]))
    placed = place(problem, groups, GroupNames(), None)
    window, weighing = window_of(problem, [0, 1]), Weighing(problem, 1.0)
    spread, packed = placed.without([1]), placed.without([2])
    costs = [weighing.cost(window, None, each) for each in (spread, packed)]
    assert [cost.device_hours for cost in costs] == [2.0, 2.0]
    assert costs[1] < costs[0]


def test_a_change_costs_what_it_loads() -> None:
    problem, names = problem_of(), GroupNames()
    before = place(problem, on_devices(problem, (1, [0])), names, None)
    now = place(problem, on_devices(problem, (1, [0, 1])), names, before)
    window = window_of(problem, [0, 1] * 50)
    weighing = Weighing(problem, None, 0.0)
    assert weighing.cost(window, None, before) == (0, 50.0, 0.0, 1.0, 0.0)
    # Loading takes no time here, and has to gain a thousandth of the requests.
    assert weighing.cost(window, before, now) == (0, 0.1, 0.0, 1.0, 4.0 * GB)
    assert Weighing(problem, 0.8, 0.0).cost(window, None, before) == (0, 30.0, 0.0, 1.0, 0.0)
