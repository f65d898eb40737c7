"""How a plan's attainment changes with the traffic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.runs import arrivals_for, simulate
from alpaplan.planning.what_if import RateScales
from alpaplan.specs.plan import PlanSpec

RATE_SCALES = tuple(2 ** (step / 4) for step in range(-4, 13))
"""Multiples of the stated rates (factors, 0.5 to 8): four to an octave tell where a curve falls."""

FLOOR = 0.5
"""Attainment below which no more traffic is tried (a fraction; 0.3 to 0.7)."""


@dataclass(frozen=True)
class CurvePoint:
    """What a plan attains under some multiple of its traffic.

    Parameters
    ----------
    rate_scale
        Factor of all rates.
    slo_attainment
        Fraction of all requests.
    worst_model, worst_attainment
        The model that attains least, and what that is.
    """

    rate_scale: float
    slo_attainment: float
    worst_model: str
    worst_attainment: float


def traffic_curve(
    inputs: Inputs, plan: PlanSpec, on_point: Callable[[], None] = lambda: None
) -> tuple[CurvePoint, ...]:
    """Simulate a plan under less and more traffic, a run for each multiple of the stated rates.

    The runs have as many requests as those of planning. Recorded arrivals come as much faster.

    Parameters
    ----------
    inputs
        What the plan is for; `Inputs.require_valid` has to find nothing wrong with it.
    plan
        The plan.
    on_point
        Told of every finished run.

    Raises
    ------
    InputError, SpecError
        If there are too many arrivals.
    """
    points: list[CurvePoint] = []
    for scale in RATE_SCALES:
        arrivals = arrivals_for(inputs, None, rates=RateScales(scale))
        summary = simulate(inputs, plan, arrivals).summary
        asked = [model for model in summary.models if not math.isnan(model.slo_attainment)]
        if not asked:
            break
        worst = min(asked, key=lambda model: model.slo_attainment)
        points.append(CurvePoint(scale, summary.slo_attainment, worst.name, worst.slo_attainment))
        on_point()
        if scale >= 1 and summary.slo_attainment < FLOOR:
            break
    return tuple(points)
