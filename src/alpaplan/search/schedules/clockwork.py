"""Clockwork++: replicas on single devices, planned anew for every window (design/CLOCKWORK.md).

AlpaServe's stand-in for Clockwork (section 6.2), which it gives swaps that cost nothing and the
arrivals that each window then brings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import GroupShape, Placement, PlacementProblem, Schedule
from alpaplan.problem.caps import without_batching
from alpaplan.problem.memory import room_for_profiles
from alpaplan.problem.memory_rule import weight_bytes
from alpaplan.search.schedules.windows import windows_of_arrivals
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace

Lists = list[list[int]]
"""For each group the models that it holds, in the order in which they were put there."""


@dataclass(frozen=True)
class SingleDevices:
    """The groups: one for each device that some model can run on alone.

    Parameters
    ----------
    shapes : int64[G]
        Their shapes.
    devices
        Pool, node and device of each.
    """

    shapes: NDArray[np.int64]
    devices: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, problem: PlacementProblem) -> SingleDevices:
        """Return those of a cluster, in its order."""
        shapes, devices = [], []
        for number, pool in enumerate(problem.pools):
            alone = GroupShape(number, 1, 1)
            if alone not in problem.shapes:
                continue
            for node in range(pool.num_nodes):
                for device in range(pool.devices_per_node):
                    shapes.append(problem.shapes.index(alone))
                    devices.append((number, node, device))
        return cls(np.array(shapes, dtype=np.int64), tuple(devices))


def clockwork(problem: PlacementProblem, trace: Trace, window_s: float) -> Schedule:
    """Plan every window of a trace on the arrivals that it brings.

    Parameters
    ----------
    problem
        The problem.
    trace
        The arrivals, of the problem's models.
    window_s
        Length of the windows.

    Returns
    -------
    Schedule
        A placement for each window; every device is a group of its own in all of them.
    """
    singles = SingleDevices.of(problem)
    windows = windows_of_arrivals(trace, window_s)
    start_s = [0.0, *(float(trace.arrival_s[rows.start]) for rows in windows[1:])]
    before: Lists = []
    placements = []
    for rows in windows or (slice(0, 0),):
        lists = plan_window(problem, trace.take(rows), singles.shapes)
        before = hand_out(problem, singles.shapes, lists, before) if before else lists
        placements.append(_placement(problem, singles.shapes, before))
    names = tuple(f"g{number}" for number in range(len(singles.devices)))
    devices = tuple(frozenset({device}) for device in singles.devices)
    times = len(placements)
    return Schedule(np.array(start_s), tuple(placements), (names,) * times, (devices,) * times)


def one_window_late(schedule: Schedule) -> Schedule:
    """Let each window have the placement of the one before it; the first two have the first's.

    That is what could be run: it knows nothing of the arrivals that are to come.
    """
    placements = (schedule.placements[0], *schedule.placements[:-1])
    return replace(schedule, placements=placements)


def plan_window(problem: PlacementProblem, trace: Trace, shapes: NDArray[np.int64]) -> Lists:
    """Put replicas on groups one by one until nothing fits; the last placement is kept.

    After each, the window is simulated, with all groups idle at its start and without batching.
    Groups come by requests received, fewest first, and models by requests not attained, most
    first; ties in plan order and in workload order. The first replica that is not there and fits
    is added, also of a model that has nothing unserved. LLMs and others share no group.

    Parameters
    ----------
    problem, trace
        The problem, and the window's arrivals.
    shapes : int64[G]
        Shapes of the groups.
    """
    simulator = Simulator(without_batching(problem), trace)
    profile = problem.profile_of_model
    is_llm = problem.model_is_llm
    counts = np.zeros((shapes.size, len(problem.profile_names)), dtype=np.int64)
    replicas = np.zeros((shapes.size, problem.num_models), dtype=np.bool_)
    lists: Lists = [[] for _ in range(shapes.size)]
    addable = np.array([room_for_profiles(problem, h, counts[0])[profile] for h in shapes])
    while addable.any():
        found = simulator.evaluate(Placement(shapes, replicas.copy()))
        by_use = np.argsort(found.group_requests, kind="stable")
        by_need = np.argsort(found.attained - found.requests, kind="stable")
        group = int(by_use[addable[by_use].any(axis=1).argmax()])
        model = int(by_need[addable[group, by_need].argmax()])
        lists[group].append(model)
        replicas[group, model] = True
        counts[group, profile[model]] += 1
        room = room_for_profiles(problem, int(shapes[group]), counts[group])
        addable[group] = room[profile] & ~replicas[group] & (is_llm == is_llm[model])
    return lists


def hand_out(
    problem: PlacementProblem, shapes: NDArray[np.int64], lists: Lists, before: Lists
) -> Lists:
    """Give each list of a window to the device that keeps most weight bytes of it.

    The pair of list and device with most bytes in common comes first; ties in the order of
    devices, then of lists. A list stays on devices of its pool.

    Parameters
    ----------
    problem, shapes
        The problem, and the shape of each device's group.
    lists, before
        What the window planned for each group, and what each device had in the one before.
    """
    weight = weight_bytes(problem)[:, problem.profile_of_model]
    had, wanted = (_as_replicas(each, problem.num_models) for each in (before, lists))
    common = (had * weight[shapes]).astype(np.int64) @ wanted.T.astype(np.int64)
    device, index = np.divmod(np.arange(common.size), max(1, len(lists)))
    order = np.lexsort((index, device, -common.ravel()))
    found: dict[int, list[int]] = {}
    taken: set[int] = set()
    for to, number in zip(device[order].tolist(), index[order].tolist(), strict=True):
        if to not in found and number not in taken and shapes[to] == shapes[number]:
            found[to] = lists[number]
            taken.add(number)
    return [found[to] for to in range(shapes.size)]


def _as_replicas(lists: Lists, num_models: int) -> NDArray[np.bool_]:
    replicas = np.zeros((len(lists), num_models), dtype=np.bool_)
    for group, models in enumerate(lists):
        replicas[group, models] = True
    return replicas


def _placement(problem: PlacementProblem, shapes: NDArray[np.int64], lists: Lists) -> Placement:
    replicas = _as_replicas(lists, problem.num_models)
    order = np.zeros(replicas.shape, dtype=np.int64)
    for group, models in enumerate(lists):
        order[group, models] = range(len(models))
    return Placement(shapes, replicas, order=order)
