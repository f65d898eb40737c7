"""What a plan attains on unseen arrivals along an axis, and up to where it attains a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.planning.plan import random_streams
from alpaplan.planning.sizes.axes import FACTOR_AXES, is_scale_free
from alpaplan.simulator import Evaluation, Simulator
from alpaplan.simulator.intervals import Interval, mean_interval_95
from alpaplan.specs.plan import PlanSpec
from alpaplan.workload.trace import Trace

FIRST_STEP = 1.1
"""Factor of the first step away from where a limit is looked for (a factor; 1.02 to 1.5); later
ones grow, until the limit lies between two of them."""

PRECISION = 1.002
"""How near to each other a point that attains the target and one that does not end up (a factor;
1.001 to 1.01)."""


@dataclass(frozen=True)
class Runs:
    """What a plan attained in each unseen run, `R` of them.

    Parameters
    ----------
    requests, attained : int64[R]
        Counts.
    """

    requests: NDArray[np.int64]
    attained: NDArray[np.int64]

    @classmethod
    def of(cls, evaluations: Sequence[Evaluation]) -> Runs:
        """Count what simulations of all runs came to."""
        return cls(
            np.array([int(each.requests.sum()) for each in evaluations]),
            np.array([int(each.attained.sum()) for each in evaluations]),
        )

    @property
    def slo_attainment(self) -> float:
        """Fraction of the requests of all runs."""
        return int(self.attained.sum()) / max(1, int(self.requests.sum()))

    @property
    def interval_95(self) -> Interval:
        """Where the mean over ever more runs lies."""
        some = self.requests > 0
        return mean_interval_95(self.attained[some] / self.requests[some])


class FactorRuns:
    """Simulates plans along a factor axis, all on the same random numbers.

    Parameters
    ----------
    inputs
        As the documents state them.
    axis
        Name of the axis.
    seed
        Of the arrivals.
    """

    def __init__(self, inputs: Inputs, axis: str, seed: int) -> None:
        self._inputs = inputs
        self._axis = FACTOR_AXES[axis]
        self._seed = seed
        self._stated: tuple[Trace, ...] | None = None
        self._simulators: dict[float, list[Simulator]] = {}

    def runs(self, plan: PlanSpec, value: float) -> Runs:
        """Return what a plan attains under a factor."""
        varied = self._axis.vary(self._inputs, value)
        placement = placement_of_plan(varied.problem, varied.cluster, plan)
        if value not in self._simulators:
            traces = self._traces(varied, value)
            self._simulators[value] = [Simulator(varied.problem, trace) for trace in traces]
        evaluations = [simulator.evaluate(placement) for simulator in self._simulators[value]]
        return Runs.of(evaluations)

    def _traces(self, varied: Inputs, value: float) -> tuple[Trace, ...]:
        if self._axis.name == "rate" and is_scale_free(self._inputs):
            return tuple(trace.faster(value) for trace in self._of_stated())
        if self._axis.name == "slo":
            return self._of_stated()
        return unseen_of(varied, self._seed)

    def _of_stated(self) -> tuple[Trace, ...]:
        if self._stated is None:
            self._stated = unseen_of(self._inputs, self._seed)
        return self._stated


def unseen_of(inputs: Inputs, seed: int) -> tuple[Trace, ...]:
    """Return the arrivals that a plan made with this seed is judged by."""
    arrivals_rng, _ = random_streams(seed)
    traces = inputs.workload.unseen(arrivals_rng)
    return tuple(trace.for_models(inputs.problem.model_names) for trace in traces)


@dataclass(frozen=True)
class Boundary:
    """Up to which factor something holds.

    Parameters
    ----------
    value
        The hardest factor at which it was seen to hold; None: it never holds.
    is_end
        Whether it holds as far as was searched.
    """

    value: float | None
    is_end: bool = False


def find_boundary(
    holds: Callable[[float], bool], axis: str, limits: tuple[float, float], start: float
) -> Boundary:
    """Find the hardest factor at which a condition holds that fails beyond some point.

    Parameters
    ----------
    holds
        Asked at factors of at most four digits.
    axis
        Name of the axis.
    limits
        Smallest and largest factor.
    start
        Where to look first.
    """
    harder = FACTOR_AXES[axis].larger_is_harder
    easiest, hardest = limits if harder else limits[::-1]
    value, step = min(max(start, limits[0]), limits[1]), FIRST_STEP
    held: float | None = None
    failed: float | None = None
    while held is None or failed is None:
        if holds(value):
            held = value
            if value == hardest:
                return Boundary(value, is_end=True)
        else:
            failed = value
            if value == easiest:
                return Boundary(None)
        factor = step if (held is not None) == harder else 1 / step
        value = min(max(_tidy(value * factor), limits[0]), limits[1])
        step = min(step**1.5, 2.0)
    while max(held / failed, failed / held) > PRECISION:
        middle = _tidy(math.sqrt(held * failed))
        if middle in (held, failed):
            break
        if holds(middle):
            held = middle
        else:
            failed = middle
    return Boundary(held)


def _tidy(value: float) -> float:
    return float(f"{value:.4g}")
