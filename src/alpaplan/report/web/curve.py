"""The curve of attainment over traffic, in the units of its picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alpaplan.planning.traffic_curve import CurvePoint
from alpaplan.report.text import number, percent
from alpaplan.specs.prediction import HELD_ATTAINMENT

WIDTH, HEIGHT = 440.0, 250.0
"""Of the picture (its own units): letters of 12 stay readable at the width of a phone."""

LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 40.0
"""Margins around the axes, in the same units."""

_X_TICKS = (0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8)


@dataclass(frozen=True)
class Tick:
    """A tick of an axis: where it is, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class CurvePicture:
    """A curve, its axes and what is marked on it, in units of the picture from the top left.

    Parameters
    ----------
    line
        Points of the curve, as SVG has them.
    dots
        Center of each point, and what it says.
    x_ticks, y_ticks
        Of the axes.
    stated_x, target_y
        Where the stated traffic and the usual target are.
    """

    line: str
    dots: tuple[tuple[float, float, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    stated_x: float
    target_y: float


def curve_picture(points: Sequence[CurvePoint]) -> CurvePicture:
    """Return the picture of at least one point."""
    first, last = points[0].rate_scale, points[-1].rate_scale
    lowest = min(0.9, *(point.slo_attainment for point in points))
    step = 0.1 if lowest < 0.8 else 0.05
    lowest = math.floor(lowest / step + 1e-9) * step
    if 1.0 - lowest > 0.6:
        step = 0.2
        lowest = math.floor(lowest / step + 1e-9) * step
    span = math.log(last / first) or 1.0

    def x_of(scale: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * math.log(scale / first) / span, 1)

    def y_of(attainment: float) -> float:
        part = (1.0 - attainment) / (1.0 - lowest)
        return round(TOP + (HEIGHT - TOP - BOTTOM) * part, 1)

    dots = tuple(
        (
            x_of(point.rate_scale),
            y_of(point.slo_attainment),
            f"{number(point.rate_scale)} times the traffic: {percent(point.slo_attainment)}",
        )
        for point in points
    )
    num_steps = round((1.0 - lowest) / step)
    return CurvePicture(
        " ".join(f"{x},{y}" for x, y, _ in dots),
        dots,
        tuple(Tick(x_of(tick), f"{tick:g}x") for tick in _X_TICKS if first <= tick <= last * 1.001),
        tuple(
            Tick(y_of(1.0 - step * index), percent(1.0 - step * index, 0))
            for index in range(num_steps + 1)
        ),
        x_of(1.0),
        y_of(HELD_ATTAINMENT),
    )
