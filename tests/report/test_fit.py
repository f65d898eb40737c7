from __future__ import annotations

import math
from typing import Any

import pytest

from alpaplan.report.fit import describe_process, fit_summary
from alpaplan.workload.fitting.trace_fit import ModelFit
from tests import builders as make
from tests.report.text import lines_of


def fit(name: str = "m", **arrivals: Any) -> ModelFit:
    """Return a fit of 120 requests in a minute."""
    spec = make.arrivals(**arrivals)
    return ModelFit(name, 120, 2.0, 3.456, spec, {spec.process: 1}, 0, 0, 0, 0.0123, 1.234)


@pytest.mark.parametrize(
    ("arrivals", "text"),
    [
        ({"process": "poisson", "rate_rps": 2}, "poisson"),
        ({"process": "gamma", "rate_rps": 2, "cv": 3.987}, "gamma, cv 3.99"),
        ({"process": "weibull", "rate_rps": 2, "shape": 0.5}, "weibull, shape 0.5"),
        (
            {
                "process": "mmpp",
                "states": [
                    {"rate_rps": 20, "mean_duration_s": 0.4},
                    {"rate_rps": 0.5, "mean_duration_s": 10},
                ],
            },
            "mmpp, 20/s for 400 ms, 0.5/s for 10 s",
        ),
    ],
)
def test_processes_in_words(arrivals: dict[str, Any], text: str) -> None:
    assert describe_process(fit(**arrivals).arrivals, fit(**arrivals)) == text


def test_rows() -> None:
    lines = lines_of(fit_summary([fit(process="poisson", rate_rps=2)], None))
    assert lines[0] == "Fitted processes (1)"
    row = next(line for line in lines if line.startswith(" m "))
    assert row.split() == ["m", "120", "2/s", "3.46", "poisson", "0.012", "1.23"]


def test_what_has_no_value_is_a_dash() -> None:
    one = ModelFit("m", 1, 0.5, math.nan, fit(process="poisson", rate_rps=1).arrivals,
                   {"poisson": 1}, 1, 0, 0, math.nan, 0.0)  # fmt: skip
    lines = lines_of(fit_summary([one], None))
    row = next(line for line in lines if line.startswith(" m "))
    assert row.split() == ["m", "1", "0.5/s", "-", "poisson", "-", "0.00"]
    assert "so Poisson at their own rate: 1 window of m" in " ".join(" ".join(lines).split())


def test_many_models_are_counted() -> None:
    fits = [fit(f"m{number}", process="poisson", rate_rps=2) for number in range(45)]
    lines = lines_of(fit_summary(fits, 600.0))
    assert lines[0].startswith("Fitted processes (45), by windows of 600 s")
    assert "and 5 more models" in " ".join(lines)
