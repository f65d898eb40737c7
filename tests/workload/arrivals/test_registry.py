from __future__ import annotations

from typing import Any, get_args

import pytest

from alpaplan.specs.arrivals import ArrivalsSpec, TraceArrivals
from alpaplan.workload.arrivals import ArrivalProcess, process_of
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.renewal import (
    Deterministic,
    Gamma,
    Pareto,
    Poisson,
    Weibull,
    pareto_shape,
    weibull_shape,
)
from tests import builders as make


@pytest.mark.parametrize(
    ("document", "process"),
    [
        ({"process": "deterministic", "rate_rps": 2}, Deterministic(2.0)),
        ({"process": "poisson", "rate_rps": 2}, Poisson(2.0)),
        ({"process": "gamma", "rate_rps": 2, "cv": 4}, Gamma(2.0, 4.0)),
        ({"process": "gamma", "total_rate_rps": 2, "cv": 4}, Gamma(2.0, 4.0)),
        ({"process": "weibull", "rate_rps": 2, "shape": 0.5}, Weibull(2.0, 0.5)),
        ({"process": "weibull", "rate_rps": 2, "cv": 4}, Weibull(2.0, weibull_shape(4.0))),
        ({"process": "pareto", "rate_rps": 2, "shape": 2.5}, Pareto(2.0, 2.5)),
        ({"process": "pareto", "rate_rps": 2, "cv": 3**-0.5}, Pareto(2.0, pareto_shape(3**-0.5))),
        (
            {"process": "mmpp", "states": [{"rate_rps": 2, "mean_duration_s": "1min"}]},
            Mmpp((2.0,), (60.0,)),
        ),
        (
            {
                "process": "piecewise",
                "windows": [
                    {"duration_s": 5},
                    {"duration_s": 6, "arrivals": {"process": "poisson", "rate_rps": 2}},
                ],
            },
            Piecewise((5.0, 6.0), (None, Poisson(2.0))),
        ),
    ],
)
def test_process_of_each_spec(document: dict[str, Any], process: ArrivalProcess) -> None:
    found = process_of(make.arrivals(**document))
    assert found == process


def test_every_spec_but_the_trace_has_a_process() -> None:
    registered = set(process_of.registry) - {object}
    assert registered == set(get_args(ArrivalsSpec)) - {TraceArrivals}


def test_recorded_arrivals_have_no_process() -> None:
    with pytest.raises(TypeError, match="TraceArrivals"):
        process_of(TraceArrivals(process="trace", path="requests.csv"))
