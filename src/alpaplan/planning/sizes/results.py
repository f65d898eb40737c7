"""What sizes come to: a limit for each axis and method, with the points that it was found by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaplan.files.plan_yaml import plan_data
from alpaplan.simulator.intervals import Interval
from alpaplan.specs.plan import PlanSpec

PathOf = Callable[[PlanSpec], Path | None]
"""Returns where a plan was written; None: nowhere."""


@dataclass(frozen=True)
class SizePoint:
    """The best that is known of one point of an axis.

    Parameters
    ----------
    value
        Factor on what is stated, number of nodes, or cost per hour.
    slo_attainment
        The most that any plan seen attains there on unseen arrivals; None if none can run.
    plan
        That plan.
    nodes
        Pool -> number of nodes, where these are counted.
    """

    value: float
    slo_attainment: float | None
    plan: PlanSpec | None
    nodes: dict[str, int] | None = None

    def to_json_dict(self, path_of: PathOf) -> dict[str, Any]:
        """Return the data for JSON."""
        shown: dict[str, Any] = {
            "value": self.value,
            "slo_attainment": self.slo_attainment,
            "plan": _shown(self.plan, path_of),
        }
        return shown if self.nodes is None else shown | {"nodes": self.nodes}


@dataclass(frozen=True)
class AxisLimit:
    """Up to where one method keeps the target along one axis.

    Parameters
    ----------
    axis, method
        What is varied, and how it is planned.
    limit
        The hardest value that keeps it; None if there is none.
    interval_95
        Where the limit over ever more runs lies, for its plan; None without a limit.
    attainment
        What the best plan attains at the limit.
    stated
        The value that the documents state; None if they state a range.
    plan
        The best plan at the limit.
    plans_tried
        How many plans were made or taken up.
    points
        By value.
    reason
        Why there is no limit.
    nodes
        Pool -> number of nodes at the limit, where these are counted.
    """

    axis: str
    method: str
    limit: float | None
    interval_95: Interval | None
    attainment: float | None
    stated: float | None
    plan: PlanSpec | None
    plans_tried: int
    points: tuple[SizePoint, ...]
    reason: str | None = None
    nodes: dict[str, int] | None = None

    def to_json_dict(self, path_of: PathOf) -> dict[str, Any]:
        """Return the data for JSON."""
        shown: dict[str, Any] = {
            "axis": self.axis,
            "method": self.method,
            "limit": self.limit,
            "confidence_interval_95": None if self.interval_95 is None else list(self.interval_95),
            "attainment_at_limit": self.attainment,
            "stated": self.stated,
            "plan": _shown(self.plan, path_of),
            "plans_tried": self.plans_tried,
        }
        if self.reason is not None:
            shown["reason"] = self.reason
        if self.nodes is not None:
            shown["nodes"] = self.nodes
        return shown | {"points": [point.to_json_dict(path_of) for point in self.points]}


@dataclass(frozen=True)
class Sizes:
    """Everything that ``alpaplan size`` shows.

    Parameters
    ----------
    target
        Attainment to keep.
    unit
        What the value 1 of each axis, or of its factor, stands for; None where there is no one
        number.
    limits
        One for each axis and method.
    path_of
        Where plans were written.
    """

    target: float
    unit: dict[str, float | None]
    limits: tuple[AxisLimit, ...]
    path_of: PathOf

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "target": self.target,
            "unit": self.unit,
            "axes": [limit.to_json_dict(self.path_of) for limit in self.limits],
        }


def _shown(plan: PlanSpec | None, path_of: PathOf) -> str | dict[str, Any] | None:
    """Return the path of a plan, or what it says if it has none."""
    if plan is None:
        return None
    path = path_of(plan)
    return plan_data(plan) if path is None else str(path)
