"""The limit of a factor: a plan's own one is found by simulating that plan, then planned at."""

from __future__ import annotations

from alpaplan.planning.sizes.axes import FactorAxis
from alpaplan.planning.sizes.measure import Boundary
from alpaplan.planning.sizes.results import AxisLimit, SizePoint
from alpaplan.planning.sizes.steps import (
    Variation,
    find_interval,
    find_limit,
    measure_factors,
)
from alpaplan.planning.sizes.study import Study
from alpaplan.planning.tasks import Chain, Task
from alpaplan.specs.plan import PlanSpec

MOVED = 1.01
"""How much farther a limit has to be than the one before to be planned at again (a factor; 1.005
to 1.05)."""

MOST_PLANS = 6
"""Plans for one limit at most (a count; 3 to 10): it moves by less each time."""

USUAL_PLANS = 3
"""Plans that a limit usually takes (a count), to guess how much is left to do."""

CURVE = 9
"""Points of the curve that are measured beside those that were planned at (a count; 5 to 30)."""

BEYOND = 1.25
"""How far the curve goes beyond the limit and what is stated (a factor; 1.1 to 2)."""

Found = list[tuple[float, PlanSpec, Boundary]]
"""Where each plan was made, and its own limit."""


def factor_limit(study: Study, axis: FactorAxis, method: str) -> Chain[AxisLimit]:
    """Find up to which factor a method keeps the target."""
    found: Found = []
    reasons: list[str] = []
    yield from _plans(study, axis, method, found, reasons)
    held = [each for each in found if each[2].value is not None]
    best = _farthest(axis, held)
    is_end = best is not None and best[2].is_end
    limit = None if best is None or is_end else best[2].value
    interval = None
    if best is not None and limit is not None:
        task = Task(
            f"interval {axis.name} {method}",
            find_interval,
            (study.movable, study.goal, axis.name, best[1], limit),
        )
        (interval,) = yield (task,)
    points = yield from _curve(study, axis, method, found, limit)
    at_limit = next((point for point in points if point.value == limit), None)
    reason = None
    if limit is None:
        reason = _why_not(study, axis, is_end=is_end, reasons=reasons)
    return AxisLimit(
        axis=axis.name,
        method=method,
        limit=limit,
        interval_95=interval,
        attainment=None if at_limit is None else at_limit.slo_attainment,
        stated=1.0,
        plan=None if at_limit is None else at_limit.plan,
        plans_tried=len(found) + len(reasons),
        points=points,
        reason=reason,
    )


def _plans(
    study: Study, axis: FactorAxis, method: str, found: Found, reasons: list[str]
) -> Chain[None]:
    """Plan where it is stated, then at the limit of what was found, until that does not move."""
    lowest, highest = axis.limits(study.inputs)
    easiest = lowest if axis.larger_is_harder else highest
    value = min(max(1.0, lowest), highest)
    # Where nothing keeps the target, it is looked for where that is easier.
    easier = iter([float(f"{(value * easiest) ** 0.5:.4g}"), easiest])
    best: float | None = None
    for _ in range(MOST_PLANS):
        what = f"{axis.name} x {value:.4g} by {method}"
        plan = yield from study.plan(Variation(axis.name, value), method, reasons, what)
        own = Boundary(None)
        if plan is not None:
            task = Task(
                f"limit {axis.name} {method} {value!r}",
                find_limit,
                (study.movable, study.goal, axis.name, plan, value),
            )
            (own,) = yield (task,)
            found.append((value, plan, own))
        if own.is_end:
            return
        farther = _harder(axis, own.value, best)
        if farther is None:
            fallback = next(easier, None)
            if fallback is None:
                return
            value = fallback
            continue
        if best is not None and max(farther / best, best / farther) < MOVED:
            return
        best = value = farther


def _harder(axis: FactorAxis, first: float | None, second: float | None) -> float | None:
    values = [value for value in (first, second) if value is not None]
    return (max if axis.larger_is_harder else min)(values, default=None)


def _farthest(axis: FactorAxis, found: Found) -> tuple[float, PlanSpec, Boundary] | None:
    sign = 1 if axis.larger_is_harder else -1
    return max(found, key=lambda each: (each[2].is_end, sign * (each[2].value or 0)), default=None)


def _curve(
    study: Study, axis: FactorAxis, method: str, found: Found, limit: float | None
) -> Chain[tuple[SizePoint, ...]]:
    """Measure all plans where one was made, at the limit, and between these and a bit beyond."""
    if not found:
        return ()
    lowest, highest = axis.limits(study.inputs)
    plans = list({id(plan): plan for _, plan, _ in found}.values())
    ends = [1.0, *([] if limit is None else [limit])]
    start, end = max(lowest, min(ends) / BEYOND), min(highest, max(ends) * BEYOND)
    between = [start * (end / start) ** (index / (CURVE - 1)) for index in range(CURVE)]
    values = {float(f"{value:.4g}") for value in between}
    values |= {value for value, _, _ in found} | {
        value for value in ends if lowest <= value <= highest
    }
    ordered = sorted(values)
    task = Task(
        f"curve {axis.name} {method}",
        measure_factors,
        (study.movable, study.settings.seed, axis.name, plans, ordered),
    )
    (measured,) = yield (task,)
    points = []
    for value, runs in zip(ordered, measured, strict=True):
        best = max(range(len(plans)), key=lambda index: runs[index].slo_attainment)
        points.append(SizePoint(value, runs[best].slo_attainment, plans[best]))
    return tuple(points)


def _why_not(study: Study, axis: FactorAxis, *, is_end: bool, reasons: list[str]) -> str:
    lowest, highest = axis.limits(study.inputs)
    hardest, easiest = (highest, lowest) if axis.larger_is_harder else (lowest, highest)
    target = f"{study.target:.6g}"
    if is_end:
        return f"{target} is kept as far as was searched, up to {hardest:.4g} times {axis.what}"
    text = f"{target} is not reached by any plan, not even at {easiest:.4g} times {axis.what}"
    return f"{text}; {reasons[-1]}" if reasons else text
