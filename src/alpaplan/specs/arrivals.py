"""Arrival processes as a workload document writes them.

A process is given by its rate and its coefficient of variation (``cv`` = standard
deviation over mean of the gaps between arrivals), or by what its family is known by.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, Self, TypeVar

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from alpaplan.specs.fields import (
    NonNegativeNumber,
    PositiveNumber,
    PositiveSeconds,
    Spec,
    exactly_one,
)

MIN_CV = 1e-3
MAX_CV = 1e3
"""Limits of `cv`: nearer to equal gaps is ``deterministic``, and wilder ones leave one burst."""

MIN_WEIBULL_SHAPE = 0.05
MAX_WEIBULL_SHAPE = 1e3
"""Limits of the Weibull shape, which stand for `cv` from 3.7e5 down to 0.0013."""


def weibull_cv(shape: float) -> float:
    """Return the coefficient of variation of a Weibull distribution, for a shape within limits.

    From the moments ``E[X**n] = scale**n * gamma(1 + n / shape)``; Johnson, Kotz and
    Balakrishnan, Continuous Univariate Distributions vol. 1 (2nd ed.), chapter 21.
    """
    log_second_over_first = math.lgamma(1 + 2 / shape) - 2 * math.lgamma(1 + 1 / shape)
    return math.sqrt(math.expm1(log_second_over_first))


def pareto_cv(shape: float) -> float:
    """Return the coefficient of variation of Pareto (type I) gaps; infinite up to shape 2.

    From the moments ``E[X**n] = shape / (shape - n)``; Johnson, Kotz and Balakrishnan, Continuous
    Univariate Distributions vol. 1 (2nd ed.), chapter 20.
    """
    return 1 / math.sqrt(shape * (shape - 2)) if shape > 2 else math.inf


_ONE_RATE_SCHEMA: JsonDict = exactly_one("rate_rps", "total_rate_rps") | {
    "dependentRequired": {
        "rate_distribution": ["total_rate_rps"],
        "exponent": ["rate_distribution"],
    }
}
_CV_OR_SHAPE_SCHEMA: JsonDict = {"allOf": [_ONE_RATE_SCHEMA, exactly_one("cv", "shape")]}


class _RateSpec(Spec):
    """A process with one mean rate, given for each model or for all `count` models together."""

    model_config = ConfigDict(json_schema_extra=_ONE_RATE_SCHEMA)

    rate_rps: PositiveNumber | None = Field(default=None, description="requests per second")
    total_rate_rps: PositiveNumber | None = Field(
        default=None, description="requests per second of all `count` models together"
    )
    rate_distribution: Literal["uniform", "power-law"] | None = Field(
        default=None, description="how total_rate_rps is shared out"
    )
    exponent: NonNegativeNumber | None = Field(
        default=None, description="of the power law: model i gets a share ~ (i + 1) ** -exponent"
    )

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.rate_rps is None) == (self.total_rate_rps is None):
            found = "none" if self.rate_rps is None else "both"
            _refuse(f"must have either rate_rps or total_rate_rps, found {found}")
        if self.rate_rps is not None and self.rate_distribution is not None:
            _refuse("rate_distribution needs total_rate_rps, found rate_rps")
        if self.exponent is not None and self.rate_distribution != "power-law":
            _refuse("exponent needs rate_distribution: power-law")
        if self.rate_distribution == "power-law" and self.exponent is None:
            _refuse("rate_distribution: power-law needs an exponent, found none")
        return self

    def share_rps(self, index: int, count: int) -> float:
        """Rate of model number `index` of the `count` that share this process."""
        if self.total_rate_rps is None:
            return self.rate_rps or 0.0  # the validator holds that one of the two is there
        exponent = self.exponent or 0.0
        return self.total_rate_rps * _power(index, exponent) / _sum_of_powers(count, exponent)


class DeterministicArrivals(_RateSpec):
    """Equal gaps; the first arrival after half a gap."""

    process: Literal["deterministic"]


class PoissonArrivals(_RateSpec):
    """Exponential gaps."""

    process: Literal["poisson"]


class GammaArrivals(_RateSpec):
    """Gamma-distributed gaps (renewal process), as in AlpaServe section 6.2."""

    process: Literal["gamma"]
    cv: PositiveNumber

    @field_validator("cv")
    @classmethod
    def _cv_within_limits(cls, cv: float) -> float:
        return _within("cv", cv, MIN_CV, MAX_CV)


class WeibullArrivals(_RateSpec):
    """Weibull-distributed gaps, given by `cv` or by the shape parameter."""

    model_config = ConfigDict(json_schema_extra=_CV_OR_SHAPE_SCHEMA)

    process: Literal["weibull"]
    cv: PositiveNumber | None = None
    shape: PositiveNumber | None = None

    @field_validator("shape")
    @classmethod
    def _shape_within_limits(cls, shape: float | None) -> float | None:
        return _within("shape", shape, MIN_WEIBULL_SHAPE, MAX_WEIBULL_SHAPE)

    @field_validator("cv")
    @classmethod
    def _cv_of_some_shape(cls, cv: float | None) -> float | None:
        lowest, highest = weibull_cv(MAX_WEIBULL_SHAPE), weibull_cv(MIN_WEIBULL_SHAPE)
        return _within("cv of weibull gaps", cv, lowest, highest)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        _one_of_cv_and_shape(self.cv, self.shape)
        return self


class ParetoArrivals(_RateSpec):
    """Pareto (type I) gaps, given by `cv` or by the tail index `shape`, which must exceed 1."""

    model_config = ConfigDict(json_schema_extra=_CV_OR_SHAPE_SCHEMA)

    process: Literal["pareto"]
    cv: PositiveNumber | None = None
    shape: PositiveNumber | None = None

    @field_validator("cv")
    @classmethod
    def _cv_within_limits(cls, cv: float | None) -> float | None:
        return _within("cv", cv, MIN_CV, MAX_CV)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        _one_of_cv_and_shape(self.cv, self.shape)
        if self.shape is not None and self.shape <= 1:
            _refuse(f"shape must be above 1, else the mean gap is infinite, found {self.shape:g}")
        return self


class MmppState(Spec):
    """One state of a Markov-modulated Poisson process."""

    rate_rps: NonNegativeNumber
    mean_duration_s: PositiveSeconds


class MmppArrivals(Spec):
    """Poisson arrivals whose rate follows states visited in listed order, over and over.

    Each stay lasts an exponential time; the first state is drawn with the long-run shares of time.
    """

    process: Literal["mmpp"]
    states: tuple[MmppState, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _some_rate(self) -> Self:
        if not any(state.rate_rps > 0 for state in self.states):
            _refuse("states must have at least one rate_rps above 0, found none")
        return self


class TraceArrivals(Spec):
    """Arrivals from a file: its rows with the model's name."""

    process: Literal["trace"]
    path: str = Field(strict=True, min_length=1, description="relative to the workload file")


WindowArrivalsSpec = (
    DeterministicArrivals
    | PoissonArrivals
    | GammaArrivals
    | WeibullArrivals
    | ParetoArrivals
    | MmppArrivals
)
"""Processes that a window may have."""


class Window(Spec):
    """A span of time with a process of its own; without one nothing arrives."""

    duration_s: PositiveSeconds
    arrivals: WindowArrivalsSpec | None = Field(default=None, discriminator="process")


class PiecewiseArrivals(Spec):
    """Windows one after another; after the last the first comes again."""

    process: Literal["piecewise"]
    windows: tuple[Window, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _some_arrivals(self) -> Self:
        if all(window.arrivals is None for window in self.windows):
            _refuse("windows must have arrivals in at least one, found none")
        return self


ArrivalsSpec = WindowArrivalsSpec | PiecewiseArrivals | TraceArrivals
"""Processes that a model may have; ``process`` tells them apart."""


def at_share(arrivals: ArrivalsSpec, index: int, count: int) -> ArrivalsSpec:
    """Return the process of model number `index` of `count`, with its own ``rate_rps``."""
    if isinstance(arrivals, PiecewiseArrivals):
        windows = tuple(
            window
            if window.arrivals is None
            else window.model_copy(update={"arrivals": at_share(window.arrivals, index, count)})
            for window in arrivals.windows
        )
        return arrivals.model_copy(update={"windows": windows})
    if not isinstance(arrivals, _RateSpec) or arrivals.rate_rps is not None:
        return arrivals
    own = {
        "rate_rps": arrivals.share_rps(index, count),
        "total_rate_rps": None,
        "rate_distribution": None,
        "exponent": None,
    }
    return arrivals.model_copy(update=own)


def at_rate_scale(arrivals: ArrivalsSpec, scale: float) -> ArrivalsSpec:
    """Return the process with all rates multiplied; CVs and durations stay.

    Recorded arrivals stay as they are: they are in a file.
    """
    if isinstance(arrivals, PiecewiseArrivals):
        windows = tuple(
            window
            if window.arrivals is None
            else window.model_copy(update={"arrivals": at_rate_scale(window.arrivals, scale)})
            for window in arrivals.windows
        )
        return arrivals.model_copy(update={"windows": windows})
    if isinstance(arrivals, MmppArrivals):
        states = tuple(
            state.model_copy(update={"rate_rps": state.rate_rps * scale})
            for state in arrivals.states
        )
        return arrivals.model_copy(update={"states": states})
    if isinstance(arrivals, TraceArrivals):
        return arrivals
    keys = ("rate_rps", "total_rate_rps")
    rates = {key: rate * scale for key in keys if (rate := getattr(arrivals, key)) is not None}
    return arrivals.model_copy(update=rates)


def _power(index: int, exponent: float) -> float:
    return float((index + 1.0) ** -exponent)


@lru_cache(maxsize=64)
def _sum_of_powers(count: int, exponent: float) -> float:
    return math.fsum(_power(index, exponent) for index in range(count))


def _one_of_cv_and_shape(cv: float | None, shape: float | None) -> None:
    if (cv is None) == (shape is None):
        _refuse(f"must have either cv or shape, found {'none' if cv is None else 'both'}")


_Value = TypeVar("_Value", float, float | None)


def _within(what: str, value: _Value, lowest: float, highest: float) -> _Value:
    if value is not None and not lowest <= value <= highest:
        _refuse(f"{what} must be from {lowest:.3g} to {highest:.3g}, found {value:g}")
    return value


def _refuse(message: str) -> None:
    raise PydanticCustomError("arrivals", "{text}", {"text": message})
