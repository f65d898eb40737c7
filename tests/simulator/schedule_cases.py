"""Schedules for simulator tests, and the same for the oracle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from alpaplan.problem import GroupShape, Placement, PlacementProblem, Schedule
from alpaplan.problem.caps import with_batch_table
from alpaplan.problem.loading import stage_load_s
from alpaplan.problem.service import batch_caps, simulated_batch_stages_s
from alpaplan.simulator import ScheduleReplay, ScheduleSimulator
from alpaplan.workload.trace import Trace
from tests.simulator import schedule_oracle
from tests.simulator.batched_cases import TIMES, batches_of
from tests.simulator.cases import make_case
from tests.simulator.strategies import SINGLES, listed

NUM_DEVICES = 4


@dataclass(frozen=True)
class ScheduleCase:
    """What one simulation of a schedule is made of."""

    problem: PlacementProblem
    schedule: Schedule
    trace: Trace

    def replay(self) -> ScheduleReplay:
        return ScheduleSimulator(self.problem, self.trace).replay(self.schedule)

    def fates(self) -> list[schedule_oracle.Fate]:
        """Ask the oracle."""
        problem = self.problem
        simulation = schedule_oracle.Simulation(
            [
                (start_s, self._groups(index))
                for index, start_s in enumerate(self.schedule.start_s.tolist())
            ],
            list(zip(self.trace.arrival_s.tolist(), self.trace.model.tolist(), strict=True)),
            problem.slo_s.tolist(),
            problem.dispatch.value,
            problem.request_overhead_s,
            problem.load_overhead_s,
        )
        return simulation.run()

    def _groups(self, index: int) -> list[schedule_oracle.GroupInput]:
        problem, placement = with_batch_table(self.problem), self.schedule.placements[index]
        assert problem.batches is not None
        caps, latency_s = batch_caps(problem, placement), simulated_batch_stages_s(problem)
        load_s = stage_load_s(problem)
        groups = []
        of_replicas = list(zip(*placement.in_replica_order(), strict=True))
        for group, shape in enumerate(placement.shapes.tolist()):
            models = [int(model) for owner, model in of_replicas if owner == group]
            num_stages = int(problem.num_stages[shape])
            latencies = {}
            for model in models:
                first = problem.batches.first_row[shape, problem.profile_of_model[model]]
                rows = latency_s[first : first + caps[group, model], :num_stages]
                latencies[model] = [tuple(row) for row in rows.tolist()]
            loads = load_s[shape, problem.profile_of_model, :num_stages].tolist()
            groups.append(
                schedule_oracle.GroupInput(
                    self.schedule.names[index][group],
                    frozenset(map(int, map(str, self.schedule.devices[index][group]))),
                    models,
                    latencies,
                    dict(enumerate(loads)),
                )
            )
        return groups


def schedule_fates(found: ScheduleReplay) -> list[schedule_oracle.Fate]:
    """Return a replay in the oracle's words."""
    replay = found.replay
    sizes = (~np.isnan(replay.latency_s)).astype(int)
    if replay.batch_size is not None:
        sizes = replay.batch_size
    return [
        (
            None if group < 0 else found.groups[group].name,
            None if np.isnan(latency_s) else latency_s,
            size,
        )
        for group, latency_s, size in zip(
            replay.group.tolist(), replay.latency_s.tolist(), sizes.tolist(), strict=True
        )
    ]


@st.composite
def schedule_cases(draw: st.DrawFn) -> ScheduleCase:
    """Draw schedules full of ties: groups go on, end, are renamed and come back; loads abort."""
    stages = [1, 2, 4]
    latencies = draw(st.sampled_from([TIMES, SINGLES]))
    gaps = draw(st.sampled_from([st.integers(0, 4).map(lambda n: n / 8), st.floats(0.0, 0.5)]))
    num_profiles = draw(st.integers(1, 3))
    num_models = draw(st.integers(1, 4))
    times_s = np.cumsum(draw(st.lists(gaps, max_size=40))).tolist()
    case = make_case(
        [[draw(listed(latencies, count)) for _ in range(num_profiles)] for count in stages],
        [],
        [],
        draw(listed(st.integers(4, 48).map(lambda eighths: eighths / 8), num_models)),
        [(time_s, draw(st.integers(0, num_models - 1))) for time_s in times_s],
        profile_of_model=draw(listed(st.integers(0, num_profiles - 1), num_models)),
        overhead_s=draw(st.sampled_from([0.0, 0.0, 0.125, 0.011])),
    )
    weights = st.integers(0, 8)
    problem = replace(
        case.problem,
        pools=(replace(case.problem.pools[0], load_bandwidth_bytes_per_s=draw(RATES)),),
        shapes=tuple(GroupShape(0, 1, count) for count in stages),
        stage_weight_bytes=np.array(
            [
                [draw(listed(weights, count)) + [0] * (4 - count) for _ in range(num_profiles)]
                for count in stages
            ],
            dtype=np.int64,
        ),
        load_overhead_s=draw(st.sampled_from([0.0, 0.125, 0.5])),
    )
    if draw(st.booleans()):
        table = batches_of(
            problem,
            lambda shape, _: [
                draw(listed(latencies, stages[shape])) for _ in range(draw(st.integers(0, 4)))
            ],
        )
        problem = replace(problem, batches=table)
    steps = draw(st.lists(st.integers(1, 16).map(lambda eighths: eighths / 8), max_size=6))
    start_s = np.cumsum([0.0, *steps])
    return ScheduleCase(problem, _schedule(draw, start_s, num_models), case.trace)


RATES = st.sampled_from([8.0, 16.0, 2.0, np.inf])
"""Bytes per second at which a few bytes load in eighths of a second."""


def _schedule(draw: st.DrawFn, start_s: np.ndarray, num_models: int) -> Schedule:
    caps: dict[tuple[str, int], int] = {}
    placements, names, devices = [], [], []
    for _ in start_s:
        sizes = draw(st.sampled_from([(4,), (2, 2), (1, 1, 2), (2, 1, 1), (1, 1, 1, 1)]))
        firsts = np.cumsum(sizes) - sizes
        spans = draw(st.permutations([*zip(firsts.tolist(), sizes, strict=True)]))
        spans = spans[: draw(st.integers(1, len(spans)))]
        version = draw(st.sampled_from(["", "", "", "x"]))
        own_names = tuple(f"g{first}-{size}{version}" for first, size in spans)
        replicas = np.array(draw(listed(listed(st.booleans(), num_models), len(spans))))
        order = np.array([draw(st.permutations(range(num_models))) for _ in spans])
        own = np.zeros(order.shape, dtype=np.int64)
        for group, name in enumerate(own_names):
            for model in range(num_models):
                if (name, model) not in caps:
                    caps[name, model] = draw(st.sampled_from([0, 0, 1, 2]))
                own[group, model] = caps[name, model]
        shapes = np.array([{1: 0, 2: 1, 4: 2}[size] for _, size in spans])
        placements.append(Placement(shapes, replicas, max_batch_size=own, order=order))
        names.append(own_names)
        devices.append(tuple(frozenset(range(f, f + size)) for f, size in spans))
    return Schedule(start_s, tuple(placements), tuple(names), tuple(devices))
