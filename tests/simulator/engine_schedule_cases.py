"""Schedules of LLM engines for simulator tests, and the same for the oracle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from alpaplan.problem import Placement, Schedule
from alpaplan.problem.loading import stage_load_s
from alpaplan.simulator import ScheduleReplay, ScheduleSimulator
from tests.simulator.engine_cases import MS, EngineCase, engine_cases
from tests.simulator.engine_schedule_oracle import ListedGroup, ScheduleOracle
from tests.simulator.strategies import listed

NUM_DEVICES = 4


@dataclass(frozen=True)
class EngineScheduleCase:
    """A schedule, and the problem and requests of a case of engines."""

    engines: EngineCase
    schedule: Schedule

    def replay(self) -> ScheduleReplay:
        case = self.engines.case
        return ScheduleSimulator(case.problem, case.trace).replay(self.schedule)

    def ask(self) -> ScheduleOracle:
        """Ask the oracle."""
        case, start_s = self.engines.case, self.schedule.start_s.tolist()
        nothing = replace(case, placement=case.placement.take([]))
        asked = replace(self.engines, case=nothing).ask()
        oracle = ScheduleOracle(
            asked.settings,
            asked.models,
            [(each_s, self._groups(index)) for index, each_s in enumerate(start_s)],
            [replace(request, sent_ns=None) for request in asked.requests],
            case.problem.load_overhead_s,
        )
        oracle.run()
        return oracle

    def _groups(self, index: int) -> list[ListedGroup]:
        case, placement = self.engines.case, self.schedule.placements[index]
        placed = replace(self.engines, case=replace(case, placement=placement))
        problem, load_s = case.problem, stage_load_s(case.problem)
        groups = []
        for number, shape in enumerate(placement.shapes.tolist()):
            stages = int(problem.num_stages[shape])
            loads = load_s[shape, problem.profile_of_model, :stages].tolist()
            groups.append(
                ListedGroup(
                    self.schedule.names[index][number],
                    frozenset(map(int, map(str, self.schedule.devices[index][number]))),
                    placed.group(number),
                    dict(enumerate(loads)),
                )
            )
        return groups


@st.composite
def engine_schedule_cases(draw: st.DrawFn) -> EngineScheduleCase:
    """Draw schedules full of ties: groups go on, end and come back, engines change their caches."""
    engines = draw(engine_cases())
    problem, placement = engines.case.problem, engines.case.placement
    pool = replace(problem.pools[0], load_bandwidth_bytes_per_s=draw(RATES))
    overhead_s = draw(st.sampled_from([0.0, MS, 4 * MS]))
    problem = replace(problem, pools=(pool,), load_overhead_s=overhead_s)
    steps = draw(st.lists(st.integers(1, 24).map(lambda n: n * MS), max_size=6))
    start_s = np.cumsum([0.0, *steps])
    placements, names, devices = [], [], []
    has_fractions = placement.kv_fraction is not None
    for _ in start_s:
        free, shapes, own_names, own_devices = 0, [], [], []
        version = draw(st.sampled_from(["", "", "", "x"]))
        while free < NUM_DEVICES:
            shape = draw(st.integers(0, len(problem.shapes) - 1))
            stages = int(problem.num_stages[shape])
            if free + stages > NUM_DEVICES:
                break
            if draw(st.integers(0, 4)):
                shapes.append(shape)
                own_names.append(f"g{free}-{shape}{version}")
                own_devices.append(frozenset(range(free, free + stages)))
            free += stages
        at = draw(st.permutations(range(len(shapes))))
        size = (len(shapes), problem.num_models)
        often = listed(st.sampled_from([True, True, False]), problem.num_models)
        parts = listed(st.sampled_from([0.1, 0.2, 0.33]), problem.num_models)
        order = [draw(st.permutations(range(problem.num_models))) for _ in shapes]
        placements.append(
            Placement(
                np.array([shapes[i] for i in at], dtype=np.int64),
                np.array(draw(listed(often, len(shapes))), dtype=np.bool_).reshape(size),
                kv_fraction=(
                    np.array(draw(listed(parts, len(shapes)))).reshape(size)
                    if has_fractions
                    else None
                ),
                order=np.array(order, dtype=np.int64).reshape(size),
            )
        )
        names.append(tuple(own_names[i] for i in at))
        devices.append(tuple(own_devices[i] for i in at))
    schedule = Schedule(start_s, tuple(placements), tuple(names), tuple(devices))
    case = replace(engines.case, problem=problem)
    return EngineScheduleCase(replace(engines, case=case), schedule)


RATES = st.sampled_from([np.inf, 1000.0, 500.0, 300.0])
"""Bytes per second at which a few bytes load in milliseconds."""
