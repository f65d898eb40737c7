"""Fast queueing simulation of a placement under given arrivals."""

from alpaplan.simulator.evaluation import Evaluation, Replay
from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.simulator.simulator import Simulator
from alpaplan.simulator.statistics import (
    GroupStatistics,
    SimulationSummary,
    summarize,
)
from alpaplan.simulator.windows import WindowStatistics, window_statistics

__all__ = [
    "Evaluation",
    "GroupState",
    "GroupStatistics",
    "LatencyStatistics",
    "Replay",
    "SimulationSummary",
    "Simulator",
    "WindowStatistics",
    "summarize",
    "window_statistics",
]
