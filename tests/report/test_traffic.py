from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.report.figure import figure_bytes
from alpaplan.report.traffic import sparkline, traffic_tables
from alpaplan.report.traffic_plot import traffic_figure
from alpaplan.workload.arrivals.renewal import Gamma
from alpaplan.workload.statistics import rates_over_time
from alpaplan.workload.trace import Trace
from alpaplan.workload.traffic import traffic_of_trace, traffic_of_workload
from tests.report.text import lines_of, rows_of
from tests.workload.test_traffic import GAMMA, RECORDED, STATES, TRACE, models_of


def sampled(num_models: int = 3, duration_s: float = 300.0) -> Trace:
    rng = np.random.default_rng(0)
    parts = [Gamma(1.0 + model, 2.0).sample(duration_s, rng) for model in range(num_models)]
    times = np.concatenate(parts)
    models = np.repeat(np.arange(num_models, dtype=np.int32), [part.size for part in parts])
    order = np.argsort(times)
    names = tuple(f"m{model}" for model in range(num_models))
    return Trace(times[order], models[order], names, duration_s)


def rates_of(trace: Trace, num_parts: int) -> dict[str | None, list[float]]:
    """Return the rates over time of all models, and of all together."""
    rates = rates_over_time(trace, num_parts)
    return {
        **dict(zip(trace.model_names, rates.tolist(), strict=True)),
        None: rates.sum(axis=0).tolist(),
    }


@pytest.mark.parametrize(
    ("rates", "line"),
    [
        ([0, 1, 8, 4], " ▁█▄"),
        ([3, 3], "██"),
        ([0.001, 1000], "▁█"),
        ([0, 0], ""),
        ([math.nan, math.nan], ""),
        ([], ""),
    ],
)
def test_sparkline(rates: list[float], line: str) -> None:
    assert sparkline(rates) == line


def test_trace_tables() -> None:
    rates = rates_of(TRACE, 4)
    lines = lines_of(traffic_tables(traffic_of_trace(TRACE), rates))
    assert lines[0] == "0.5 requests/s of 2 models: 4 requests in 8 s"
    assert rows_of(lines, "Models") == [
        ["a", "3", "0.375", "0.25", "-", "-", "-", "-", "██ █"],
        ["b", "1", "0.125", "-", "-", "-", "-", "-", "█"],
        ["all", "4", "0.5", "0.637", "-", "-", "-", "-", "█▄ ▄"],
    ]
    assert lines[-1] == "peak/mean: busiest window of 10 s relative to the mean"


@pytest.mark.parametrize("width", [100, 80])
def test_numbers_stay_where_there_is_less_room(width: int) -> None:
    trace = sampled(3)
    rates = rates_of(trace, 20)
    lines = lines_of(traffic_tables(traffic_of_trace(trace), rates), width)
    assert max(map(len, lines)) <= width
    cells = [line.split(maxsplit=8) for line in lines if line.startswith((" m0", " m1", " all"))]
    assert [row[0] for row in cells] == ["m1", "m0", "all"]
    if width >= 100:
        assert [row[8] for row in cells[:2]] == [sparkline(rates[name]) for name in ("m1", "m0")]
    else:
        assert {len(row) for row in cells} == {8}
        assert "not shown at this width: rate over time" in lines
    assert cells[2][1] == f"{trace.num_requests:,}"


def test_only_the_busiest_of_many_models_are_shown() -> None:
    count = np.arange(1, 51)
    model = np.repeat(np.arange(50, dtype=np.int32), count)
    names = tuple(f"m{index}" for index in range(50))
    trace = Trace(np.linspace(0, 99, model.size), model, names, 99.0)
    rates = rates_of(trace, 20)
    lines = lines_of(traffic_tables(traffic_of_trace(trace), rates))
    shown = [row[0] for row in rows_of(lines, "Models")]
    assert shown[:41] == [*(f"m{index}" for index in range(49, 9, -1)), "all"]
    assert "and 10 more models" in lines


def test_a_trace_of_one_request() -> None:
    trace = Trace(np.array([2.0]), np.zeros(1, np.int32), ("a",), 0.0)
    rates = rates_of(trace, 4)
    lines = lines_of(traffic_tables(traffic_of_trace(trace), rates))
    assert lines[0] == "- requests/s of 1 model: 1 request in 0 s"


def test_a_trace_of_one_instant() -> None:
    trace = Trace(np.array([2.0, 2.0]), np.zeros(2, np.int32), ("a",), 0.0)
    rates = rates_of(trace, 4)
    lines = lines_of(traffic_tables(traffic_of_trace(trace), rates))
    assert lines[0] == "- requests/s of 1 model: 2 requests in 0 s"


def test_tables_of_processes() -> None:
    models = models_of(a=GAMMA, b={"process": "mmpp", "states": STATES})
    lines = lines_of(traffic_tables(traffic_of_workload(models, {}), {}))
    assert lines[0] == "6.6 requests/s of 2 models"
    rows = rows_of(lines, "Models")
    assert [row[0] for row in rows] == ["b", "a", "all"]
    assert rows[1] == ["a", "gamma", "3", "2", "4"]
    assert not any("peak" in one for one in lines)


def test_tables_of_processes_and_recordings() -> None:
    models = models_of(a=RECORDED, b=GAMMA)
    lines = lines_of(traffic_tables(traffic_of_workload(models, {"a": TRACE}), {}))
    rows = rows_of(lines, "Models")
    assert rows[0] == ["b", "gamma", "-", "3", "2", "-", "-", "-", "4", "-"]
    assert rows[1] == ["a", "trace", "3", "0.375", "0.25", "-", "-", "-", "-", "-"]


@pytest.mark.slow
def test_plots_repeat() -> None:
    first, again = (figure_bytes(traffic_figure(sampled(), "title"), "svg") for _ in range(2))
    assert first == again


def test_names_in_plots_are_no_formulas() -> None:
    names = ("$a$ $\\frac$", "_b", r"c\$")
    named = replace(sampled(3), model_names=names)
    text = figure_bytes(traffic_figure(named, "$x$ \x1b"), "svg").decode()
    for shown in ("$a$ $\\frac$", " _b", r"c\$", r"$x$ \x1b"):
        assert f">{shown}<" in text, shown


@pytest.mark.parametrize("trace", [sampled(9), sampled(1, 2.0), TRACE, TRACE.faster(1e6)])
def test_what_plots_show(trace: Trace) -> None:
    text = figure_bytes(traffic_figure(trace, "some title"), "svg").decode()
    for words in ("some title", "requests per second", "index of dispersion", "all models"):
        assert words in text
    shown = [name for name in trace.model_names if f">{name}<" in text]
    busiest = sorted(zip(-trace.requests_per_model(), trace.model_names, strict=True))
    expected = sorted(name for _, name in busiest[:6]) if len(trace.model_names) > 1 else []
    assert sorted(shown) == expected
