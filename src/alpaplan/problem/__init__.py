"""The placement problem as immutable arrays, placements, and the rules they must keep."""

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import DevicePool, GroupShape, PlacementProblem

__all__ = ["DevicePool", "GroupShape", "Placement", "PlacementProblem"]
