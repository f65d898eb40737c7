from __future__ import annotations

import math
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from alpaplan.specs.arrivals import ArrivalsSpec, PoissonArrivals, at_share, weibull_cv

ADAPTER = TypeAdapter[ArrivalsSpec](Annotated[ArrivalsSpec, Field(discriminator="process")])
RATE = {"rate_rps": 1}


@pytest.mark.parametrize(
    ("document", "where", "message"),
    [
        ({"process": "poisson"}, (), "either rate_rps or total_rate_rps, found none"),
        (
            {"process": "poisson", "rate_rps": 1, "total_rate_rps": 1},
            (),
            "either rate_rps or total_rate_rps, found both",
        ),
        (
            {"process": "poisson", **RATE, "rate_distribution": "uniform"},
            (),
            "rate_distribution needs total_rate_rps",
        ),
        (
            {"process": "poisson", "total_rate_rps": 1, "rate_distribution": "power-law"},
            (),
            "power-law needs an exponent",
        ),
        (
            {"process": "poisson", "total_rate_rps": 1, "exponent": 1},
            (),
            "exponent needs rate_distribution: power-law",
        ),
        (
            {"process": "gamma", **RATE, "cv": 1e4},
            ("cv",),
            "cv must be from 0.001 to 1e+03, found 10000",
        ),
        ({"process": "pareto", **RATE, "cv": 1e-4}, ("cv",), "cv must be from 0.001 to 1e+03"),
        ({"process": "pareto", **RATE, "shape": 1}, (), "shape must be above 1"),
        ({"process": "pareto", **RATE}, (), "either cv or shape, found none"),
        ({"process": "weibull", **RATE, "cv": 1, "shape": 1}, (), "either cv or shape, found both"),
        (
            {"process": "weibull", **RATE, "cv": 1e-3},
            ("cv",),
            "cv of weibull gaps must be from 0.00128 to 3.71e+05, found 0.001",
        ),
        (
            {"process": "weibull", **RATE, "shape": 0.01},
            ("shape",),
            "shape must be from 0.05 to 1e+03, found 0.01",
        ),
        (
            {"process": "mmpp", "states": [{"rate_rps": 0, "mean_duration_s": 1}]},
            (),
            "at least one rate_rps above 0",
        ),
        (
            {"process": "piecewise", "windows": [{"duration_s": 1}]},
            (),
            "must have arrivals in at least one",
        ),
    ],
)
def test_what_no_process_can_be_is_refused(
    document: dict[str, Any], where: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(document)
    (error,) = caught.value.errors()
    assert error["loc"][1:] == where  # the first item is the process
    assert message in error["msg"]


@given(st.floats(0.06, 900), st.floats(1.01, 1.1))
def test_weibull_cv_falls_with_the_shape(shape: float, factor: float) -> None:
    assert weibull_cv(shape) > weibull_cv(shape * factor)


def test_weibull_cv_of_exponential_gaps_is_one() -> None:
    assert weibull_cv(1.0) == pytest.approx(1.0)
    assert weibull_cv(0.5) == pytest.approx(math.sqrt(5.0))  # E[X]=2, E[X**2]=24


def test_at_share_gives_each_model_a_rate_of_its_own() -> None:
    shared = PoissonArrivals(
        process="poisson", total_rate_rps=11, rate_distribution="power-law", exponent=1
    )
    own = [at_share(shared, index, 3).model_dump(exclude_none=True) for index in range(3)]
    assert own == [
        {"process": "poisson", "rate_rps": pytest.approx(rate)} for rate in (6.0, 3.0, 2.0)
    ]
