"""A grid of plans: points of one axis by methods, each planned on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import check_inputs
from alpaplan.planning.schedules.methods import CLOCKWORK, USUAL_WINDOW_S
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.axes import FACTOR_AXES, node_range, pool_to_size
from alpaplan.planning.sizes.clockwork import foresee
from alpaplan.planning.sizes.kept import Kept
from alpaplan.planning.sizes.results import PathOf
from alpaplan.planning.sizes.size import units_of, warn_of_unscaled
from alpaplan.planning.sizes.steps import Variation
from alpaplan.planning.sizes.study import Listener, Study
from alpaplan.planning.tasks import Chain, Task, TaskRunner
from alpaplan.specs.choices import SizeAxis
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.prediction import Prediction


@dataclass(frozen=True)
class SweepPoint:
    """What one method came to at one point.

    Parameters
    ----------
    value, method
        The point, and how it was planned.
    plan
        The plan, with its prediction; None if there is none.
    reason
        Why there is none.
    foreseen
        What a method attains that makes no plans.
    """

    value: float
    method: str
    plan: PlanSpec | None
    reason: str | None = None
    foreseen: Prediction | None = None

    @property
    def prediction(self) -> Prediction | None:
        """What is predicted of the plan, or of a method that makes none."""
        return self.foreseen if self.plan is None else self.plan.prediction

    def to_json_dict(self, path_of: PathOf) -> dict[str, Any]:
        """Return the data for JSON."""
        shown: dict[str, Any] = {"value": self.value, "method": self.method}
        found = self.prediction
        shown |= {
            "slo_attainment": None if found is None else found.slo_attainment,
            "confidence_interval_95": None,
            "goodput_rps": None if found is None else found.goodput_rps,
            "latency_s": None,
            "plan": None if self.plan is None else str(path_of(self.plan)),
        }
        if found is not None and found.confidence_interval_95 is not None:
            shown["confidence_interval_95"] = list(found.confidence_interval_95)
        if found is not None and found.latency_s is not None:
            shown["latency_s"] = found.latency_s.model_dump()
        return shown if self.reason is None else shown | {"reason": self.reason}


@dataclass(frozen=True)
class Sweep:
    """Everything that ``alpaplan sweep`` shows.

    Parameters
    ----------
    axis
        What was varied.
    unit
        What the documents state.
    stated
        The value of the axis that the documents state.
    points
        By method, and there by value.
    path_of
        Where plans were written.
    """

    axis: SizeAxis
    unit: dict[str, float | None]
    stated: float
    points: tuple[SweepPoint, ...]
    path_of: PathOf

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "axis": self.axis,
            "unit": self.unit,
            "points": [point.to_json_dict(self.path_of) for point in self.points],
        }


def sweep(
    inputs: Inputs,
    axis: SizeAxis,
    values: Sequence[float],
    methods: Sequence[str],
    settings: PlanSettings,
    runner: TaskRunner,
    *,
    folder: Path,
    pool: str | None = None,
    window_s: float = USUAL_WINDOW_S,
    listener: Listener | None = None,
) -> Sweep:
    """Plan at each point by each method.

    Parameters
    ----------
    inputs, methods, settings, runner, folder, pool, listener
        See `alpaplan.planning.sizes.size.size`.
    axis, values
        What to vary, and the points: factors, or numbers of nodes.
    window_s
        Length of the windows of `CLOCKWORK`, which may be among the methods here.

    Raises
    ------
    AlpaplanError
        If a point cannot be; or as of `alpaplan.planning.plan.plan`, but for points at which
        nothing can be planned.
    """
    vary, stated = _variations(inputs, axis, pool)
    ordered = sorted(set(values))
    variations = {value: vary(value) for value in ordered}
    check_inputs(inputs)
    if axis is SizeAxis.CV:
        warn_of_unscaled(inputs)
    kept = Kept(inputs, folder)
    study = Study(inputs, settings, 1.0, kept, listener)
    chains: dict[str, Chain[SweepPoint]] = {}
    for method in dict.fromkeys(methods):
        for value in ordered:
            own = study.named(f"{method} {value!r}")
            chains[own.chain] = own.heard(
                _foreseen(own, axis, value, variations[value], window_s)
                if method == CLOCKWORK
                else _point(own, axis, value, variations[value], method)
            )
    points = tuple(runner.run(chains).values())
    kept.add_points((axis, point.to_json_dict(kept.name_of)) for point in points)
    return Sweep(axis, units_of(inputs), stated, points, kept.path_of)


def _point(
    study: Study, axis: SizeAxis, value: float, variation: Variation, method: str
) -> Chain[SweepPoint]:
    reasons: list[str] = []
    what = f"{axis} {value:.4g} by {method}"
    plan = yield from study.plan(variation, method, reasons, what)
    return SweepPoint(value, method, plan, reasons[0] if reasons else None)


def _foreseen(
    study: Study, axis: SizeAxis, value: float, variation: Variation, window_s: float
) -> Chain[SweepPoint]:
    arguments = (study.movable, study.settings.seed, window_s, variation)
    task = Task(f"foresee {variation.words}", foresee, arguments)
    found = yield from study.point(task, f"{axis} {value:.4g} by {CLOCKWORK}")
    reason = "no model runs on a single device" if found is None else None
    return SweepPoint(value, CLOCKWORK, None, reason, found)


def _variations(
    inputs: Inputs, axis: SizeAxis, pool: str | None
) -> tuple[Callable[[float], Variation], float]:
    """Return what makes the variation of a value, and the value that is stated."""
    if axis is SizeAxis.NODES:
        sized = pool_to_size(inputs, pool)
        most = node_range(sized)[1]

        def with_count(value: float) -> Variation:
            if value != int(value) or value < 1:
                raise AlpaplanError(f"nodes must be whole numbers from 1, found {value:g}")
            if most is not None and value > most:
                raise AlpaplanError(f"pool {sized.name} has {most} nodes at most, found {value:g}")
            is_stated = value == sized.num_nodes
            return Variation(nodes=() if is_stated else ((sized.name, int(value)),))

        return with_count, float(sized.num_nodes)
    if axis is SizeAxis.COST:
        raise AlpaplanError("cost has no values to sweep; size --axis cost finds the cheapest mix")
    lowest, highest = FACTOR_AXES[axis].limits(inputs)

    def with_factor(value: float) -> Variation:
        if not lowest <= value <= highest:
            limits = f"from {lowest:.4g} to {highest:.4g}"
            raise AlpaplanError(f"factors of {axis} must be {limits}, found {value:g}")
        return Variation(axis, value)

    return with_factor, 1.0
