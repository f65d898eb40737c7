"""Fast queueing simulation of a placement under given arrivals."""

from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.simulator.placement_statistics import PlacementStatistics, placement_statistics
from alpaplan.simulator.schedule_simulator import ScheduleReplay, ScheduleSimulator
from alpaplan.simulator.simulator import Simulator
from alpaplan.simulator.statistics import (
    GroupStatistics,
    SimulationSummary,
    summarize,
    summarize_groups,
)
from alpaplan.simulator.windows import WindowStatistics, window_statistics

__all__ = [
    "Evaluation",
    "GroupState",
    "GroupStatistics",
    "LatencyStatistics",
    "PlacementStatistics",
    "Replay",
    "ScheduleReplay",
    "ScheduleSimulator",
    "SimulationSummary",
    "Simulator",
    "WindowStatistics",
    "placement_statistics",
    "summarize",
    "summarize_groups",
    "window_statistics",
]
