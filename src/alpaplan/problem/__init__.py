"""The placement problem as immutable arrays, placements, and the rules they must keep."""

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import DevicePool, GroupShape, PlacementProblem
from alpaplan.problem.schedule import Schedule

__all__ = ["DevicePool", "GroupShape", "Placement", "PlacementProblem", "Schedule"]
